/**
 * Uploads: fields name, format? and file, in that order, so that nothing is written before it is known what for. The file
 * streams to a name of our own choosing; the dataset is made from there and the copy removed.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { throwIfDiskFull } from './disk-full.ts';
import { Problem } from './problem.ts';
import { PathDataset } from './schemas.ts';

const FIELD_BYTES = 1024;
const FieldName = PathDataset.properties.name;
const FieldFormat = PathDataset.properties.format;

export interface UploadOptions {
  readonly dir: string;
  readonly maxBytes: number;
  readonly create: (path: string) => Writable;
}

export interface Uploaded {
  readonly name: string;
  readonly format?: Static<typeof FieldFormat>;
  /** The temporary copy; keeps the ending of the uploaded file's name, by which formats are known. */
  readonly path: string;
  /** As the client calls it, for messages only. */
  readonly fileName: string;
}

export function multipartLimits(maxBytes: number) {
  return { fileSize: maxBytes, files: 1, fields: 2, fieldSize: FIELD_BYTES, fieldNameSize: 64, parts: 3 };
}

/** Receives one upload, hands it to `use`, and removes the temporary copy whatever happens. Throws Problem. */
export async function withUpload<T>(
  request: FastifyRequest,
  options: UploadOptions,
  use: (uploaded: Uploaded) => Promise<T>,
): Promise<T> {
  const path = join(options.dir, randomUUID());
  let taken: string | undefined;
  try {
    const fields: { name?: string; format?: string } = {};
    for await (const part of request.parts()) {
      if (part.type === 'file') {
        const named = checkFields(fields, part);
        taken = path + ending(part.filename);
        await receive(part, taken, options);
        return await use({ ...named, path: taken, fileName: part.filename.slice(-FIELD_BYTES) });
      }
      readField(part, fields);
    }
    throw bad('upload-no-file', 'The form has no file.');
  } finally {
    if (taken !== undefined) await rm(taken, { force: true });
  }
}

function readField(part: Extract<Multipart, { type: 'field' }>, fields: { name?: string; format?: string }): void {
  const { fieldname, value } = part;
  if (fieldname !== 'name' && fieldname !== 'format')
    throw bad('upload-field', `The form has no field ${JSON.stringify(fieldname)}.`);
  if (typeof value !== 'string' || part.valueTruncated) throw bad('upload-field', `The field ${fieldname} is no short text.`);
  if (fields[fieldname] !== undefined) throw bad('upload-field', `The field ${fieldname} comes twice.`);
  fields[fieldname] = value;
}

function checkFields(fields: { name?: string; format?: string }, part: MultipartFile): Omit<Uploaded, 'path' | 'fileName'> {
  const { name, format } = fields;
  if (part.fieldname !== 'file') throw bad('upload-field', `The file's field is ${JSON.stringify(part.fieldname)}, not "file".`);
  if (name === undefined) throw bad('upload-order', 'The field name must come before the file.');
  if (!Check(FieldName, name)) throw bad('dataset-name', 'The name is empty or too long.');
  if (format === undefined) return { name };
  if (!Check(FieldFormat, format))
    throw bad('unknown-format', `${JSON.stringify(format)} is no format: parquet, csv, json, ndjson, arrow.`);
  return { name, format };
}

async function receive(part: MultipartFile, path: string, options: UploadOptions): Promise<void> {
  try {
    await mkdir(options.dir, { recursive: true });
    await pipeline(part.file as Readable, options.create(path));
  } catch (error) {
    throwIfDiskFull(error, 'The upload does not fit on the coordinator’s disk.');
  }
  if (!part.file.truncated) return;
  throw new Problem({
    status: 413,
    code: 'upload-too-large',
    title: 'The file is too large',
    detail: `Uploads are limited to ${options.maxBytes} bytes.`,
    hint: 'Split the file, or let the admin register it by its path on the coordinator’s machine.',
  });
}

/** Up to two endings such as `.csv.gz`; nothing else of the name that the client chose is used. */
function ending(filename: string): string {
  return /(?:\.[A-Za-z0-9]{1,10}){1,2}$/.exec(filename)?.[0].toLowerCase() ?? '';
}

function bad(code: string, detail: string): Problem {
  const hint = 'Send the fields name, format (optional) and file, in that order.';
  return new Problem({ status: 400, code, title: 'The upload is not understood', detail, hint });
}
