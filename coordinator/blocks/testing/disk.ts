/** A disk that tests can fill up: while `full`, whatever is written is refused as the system does it. */
import { type CreateFile, createFile } from '../files.ts';

export interface TestDisk {
  full: boolean;
  /** Writes that were refused. */
  refused: number;
  readonly create: CreateFile;
}

export function testDisk(full = false): TestDisk {
  const disk: TestDisk = {
    full,
    refused: 0,
    create: async (path) => {
      const file = await createFile(path);
      const write: typeof file.write = (parts, at) => {
        if (!disk.full) return file.write(parts, at);
        disk.refused++;
        return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
      };
      return { ...file, write };
    },
  };
  return disk;
}
