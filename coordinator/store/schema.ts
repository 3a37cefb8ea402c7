import type { Generated } from 'kysely';

/** The tables of muster.sqlite as kysely sees them, and the steps that lead from one version of the file to the next. */

export interface DatasetRow {
  /** Lower case: SQL names are compared without case. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly owner: string;
  readonly rows: number;
  readonly created_at_ms: number;
  /** DatasetRecord as JSON. */
  readonly record: string;
}

export interface TokenRow {
  readonly hash: string;
  readonly role: string;
  readonly name: string;
  readonly created_at_ms: number;
}

export interface JobRow {
  readonly job_id: string;
  readonly owner: string;
  readonly name: string | null;
  readonly sql: string;
  readonly state: string;
  readonly submitted_at_ms: number;
  readonly settled_at_ms: number;
  readonly expires_at_ms: number;
  readonly view: string;
  readonly columns: string;
  readonly result: string;
  readonly error: string | null;
  readonly plan: string | null;
  readonly plan_ms: number | null;
  readonly fallbacks: string | null;
}

export interface MetaRow {
  readonly key: string;
  readonly value: string;
}

export interface ModuleRow {
  readonly digest: string;
  readonly owner: string;
  readonly name: string | null;
  readonly created_at_ms: number;
  /** ModuleRecord as JSON. */
  readonly record: string;
}

export interface AcceptedRow {
  /** In the order of acceptance. */
  readonly seq: Generated<number>;
  readonly job_id: string;
  /** AcceptedJob as JSON. */
  readonly body: string;
}

/** Written by store/journal.ts alone. */
export interface JournalRow {
  readonly seq: Generated<number>;
  readonly job_id: string | null;
  /** Set where a later record takes the place of an earlier one. */
  readonly key: string | null;
  /** JournalRecord as JSON. */
  readonly body: string;
}

export interface Tables {
  readonly accepted_jobs: AcceptedRow;
  readonly journal: JournalRow;
  readonly datasets: DatasetRow;
  readonly tokens: TokenRow;
  readonly jobs: JobRow;
  readonly meta: MetaRow;
  readonly modules: ModuleRow;
}

/**
 * Step i takes a file of version i (PRAGMA user_version) to i + 1, in one transaction with the new version number. Steps are
 * only ever appended: a released one is never edited, since files in the field have already run it.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE datasets (
       key TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, owner TEXT NOT NULL, rows INTEGER NOT NULL,
       created_at_ms INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID`,
    'CREATE INDEX datasets_by_version ON datasets (version)',
    `CREATE TABLE tokens (
       hash TEXT PRIMARY KEY, role TEXT NOT NULL, name TEXT NOT NULL, created_at_ms INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE jobs (
       job_id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT, sql TEXT NOT NULL, state TEXT NOT NULL,
       submitted_at_ms INTEGER NOT NULL, settled_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL,
       view TEXT NOT NULL, columns TEXT NOT NULL, result TEXT NOT NULL, error TEXT, plan TEXT) WITHOUT ROWID`,
    'CREATE INDEX jobs_by_expiry ON jobs (expires_at_ms)',
    'CREATE INDEX jobs_by_owner ON jobs (owner, submitted_at_ms)',
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  ],
  [
    'ALTER TABLE jobs ADD COLUMN plan_ms REAL',
    'ALTER TABLE jobs ADD COLUMN fallbacks TEXT',
    "UPDATE jobs SET fallbacks = json_extract(plan, '$.fallbacks')",
  ],
  [
    `CREATE TABLE modules (
       digest TEXT NOT NULL, owner TEXT NOT NULL, name TEXT, created_at_ms INTEGER NOT NULL, record TEXT NOT NULL,
       PRIMARY KEY (digest, owner)) WITHOUT ROWID`,
  ],
  [
    'CREATE TABLE accepted_jobs (seq INTEGER PRIMARY KEY, job_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)',
    `INSERT INTO accepted_jobs (job_id, body) SELECT json_extract(j.value, '$.jobId'), j.value
       FROM meta, json_each(meta.value) AS j WHERE meta.key = 'jobs-accepted'`,
    "DELETE FROM meta WHERE key = 'jobs-accepted'",
    'CREATE TABLE journal (seq INTEGER PRIMARY KEY, job_id TEXT, key TEXT UNIQUE, body TEXT NOT NULL)',
    'CREATE INDEX journal_by_job ON journal (job_id)',
  ],
];

export const STORE_VERSION = MIGRATIONS.length;
