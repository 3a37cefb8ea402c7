/** Error numbers of WASI preview 1 that the host gives. */
export const ERRNO = {
  success: 0,
  badf: 8,
  fault: 21,
  inval: 28,
  nfile: 41,
  noent: 44,
  nosys: 52,
  notdir: 54,
  spipe: 70,
  notcapable: 76,
} as const;
