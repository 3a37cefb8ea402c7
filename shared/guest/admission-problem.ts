/** Why a module was not admitted, as data. */
export type AdmissionCode =
  | 'malformed'
  | 'too-large'
  | 'component'
  | 'import'
  | 'export'
  | 'no-abi'
  | 'memory'
  | 'table'
  | 'feature';

export interface AdmissionProblem {
  readonly code: AdmissionCode;
  /** One line: what is wrong, and where. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** Byte in the module, where one can be named. */
  readonly offset?: number;
  /** Index of the function whose body is meant, imports counted as WebAssembly does. */
  readonly function?: number;
}

export class AdmissionError extends Error {
  override name = 'AdmissionError';
  readonly problem: AdmissionProblem;

  constructor(problem: AdmissionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}
