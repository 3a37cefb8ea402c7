/**
 * Every bound in one place. Bytes and milliseconds unless the name says otherwise; each limit that a peer can reach has a
 * test that exceeds it.
 */
const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

export const LIMITS = {
  /** Largest JSON text frame or binary frame header on the session socket. */
  sessionFrameBytes: 1 * MiB,
  /** Largest binary frame on the session socket: a header and its inline blocks. */
  sessionBinaryFrameBytes: 8 * MiB,
  /** Output up to this size travels inside the report. */
  inlineBlockBytes: 64 * KiB,
  /** Inline inputs that one lease may carry; the rest is fetched. */
  inlineLeaseBytes: 4 * MiB,
  /** Payload of one frame on the data socket. */
  pieceBytes: 1 * MiB,
  /** Bytes a fetcher lets its peer send ahead. */
  creditBytes: 8 * MiB,
  /** Slices that one fetch may name. */
  slicesPerFetch: 4096,
  /** Buckets of one task's output. */
  bucketsPerBlock: 256,
  /** Lines of one inventory message. */
  inventoryLines: 4096,
  /** Fetches in flight on one data socket. */
  fetchesPerSocket: 64,
  /** A transfer that moves nothing for this long is given up. */
  transferIdleMs: 15_000,
  /** The first frame on a socket must come within this time. */
  helloMs: 5_000,
  heartbeatMs: 2_000,
  /** A session that was silent for this long is lost. */
  sessionSilenceMs: 10_000,
  /** A lease not renewed for this long is taken back. */
  leaseMs: 30_000,
  /** Longest run of one attempt; heartbeats don't extend it. */
  maxRunMs: 600_000,
  slotsPerWorker: 64,
  /** Runs of chunks that both ends of a session remember, so that leases need only name them. */
  runsTold: 64,
  workers: 10_000,
  leasesPerSlot: 2,
  failuresPerTask: 3,
  deathsPerTask: 12,
  /** Rows of one column chunk. */
  chunkRows: 122_880,
  sqlBytes: 256 * KiB,
  jsonBodyBytes: 1 * MiB,
  uploadBytes: 8 * GiB,
  datasetNameChars: 128,
  datasetColumns: 4_096,
  datasetsMax: 10_000,
  planMs: 5_000,
  plannerMemoryBytes: 512 * MiB,
  jobsQueued: 1_000,
  /** Of one author. */
  jobsQueuedPerAuthor: 200,
  jobsKept: 2_000,
  /** Jobs that one page of GET /v1/jobs has at most. */
  jobsPerPage: 500,
  resultWaitSeconds: 60,
  resultTtlMs: 24 * 3600_000,
  eventStreams: 64,
  /** Rows that one JSON result page draws at most on the dashboard; the API itself streams all. */
  dashboardRows: 1_000,
  slotMemoryBytes: 768 * MiB,
  slotMemoryPhoneBytes: 256 * MiB,
  deviceMemoryUnknownBytes: 4 * GiB,
  /** Share of a slot's memory limit that resident tables may take. */
  residentShare: 0.4,
  /** Cap of a browser profile's block cache. */
  storeDesktopBytes: 2 * GiB,
  storePhoneBytes: 256 * MiB,
  /** Inline blocks the coordinator keeps in memory before it spills them to disk. */
  coordinatorInlineBytes: 64 * MiB,
  /** Input of a last stage's task up to this size, held by the coordinator, may be read in the coordinator's own slot. */
  localTaskBytes: 1 * MiB,
  /** Memory limit of the coordinator's own slot. */
  localSlotBytes: 256 * MiB,
  /** Largest result of the coordinator's own slot; a task that makes more goes to a tab. */
  localResultBytes: 16 * MiB,
  /** Longest run in the coordinator's own slot, beyond `--pace`; a task that needs more goes to a tab. */
  localRunMs: 10_000,
  /** Task outputs that the coordinator keeps on disk: results, and what tabs had no room for. */
  coordinatorDiskBytes: 32 * GiB,
  /** Relayed pieces in the coordinator's memory; what slow readers leave beyond that goes to its disk. */
  relayMemoryBytes: 16 * MiB,
  /** Relayed pieces on the coordinator's disk; beyond that holders wait for readers. */
  relayDiskBytes: 8 * GiB,
  storyLines: 2_000,
  /** A guest module, as uploaded. */
  guestModuleBytes: 32 * MiB,
  /** Memory of a guest instance: the maximum that admission writes into the module. */
  guestMemoryBytes: 512 * MiB,
  /** Bytes that one attempt's guest may emit, over all ports. */
  guestOutputBytes: 512 * MiB,
  /** What a guest says in one line, and in one attempt; the rest is cut off and counted. */
  guestLogLineBytes: 4 * KiB,
  guestLogBytes: 64 * KiB,
  /** Accumulators that one task adds to, and their names. */
  accumulatorsPerTask: 64,
  accumulatorNameBytes: 64,
  /** How much of the end of a stream guest's stderr is its error. */
  guestErrorBytes: 64 * KiB,
  /** Source of a guest's functions in JavaScript, in characters. */
  scriptBytes: 256 * KiB,
  /** Source in AssemblyScript that the coordinator compiles; and what its compiler gets. */
  compileSourceBytes: 256 * KiB,
  compileMs: 20_000,
  compileMemoryBytes: 512 * MiB,
  /** Errors and warnings of one source that its author is told. */
  compileDiagnostics: 50,
  /** Sources that wait for the compiler. */
  compilesQueued: 64,
  /** Modules that one author may keep, and their bytes together. */
  modulesPerOwner: 500,
  moduleBytesPerOwner: 1 * GiB,
  /** Relations that one plan may name in `cache`. */
  cachedRelationsPerPlan: 100,
  /** Cached relations of one author, and their bytes (each block once): beyond that those that are cheapest to make again per byte go. */
  cachedRelationsPerOwner: 200,
  cachedBytesPerOwner: 16 * GiB,
  /** Body of POST /v1/jobs: plans hold scripts and parameters. */
  jobBodyBytes: 4 * MiB,
  /** Steps of one fragment of a plan, with scripts and parameters: each lease carries them, within a frame of the session. */
  fragmentBytes: 640 * KiB,
} as const;
