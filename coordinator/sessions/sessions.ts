/**
 * All sessions: lets workers in, finds the session for a command, and keeps one session per worker id.
 *
 * A hello with the id of a connected worker: from the same signed store it is the same tab coming back before its old
 * connection was given up (or a duplicated tab), so the newer wins and the older is closed with 4409; a client closed so
 * asks for a fresh id. From another store it gets a fresh id at once, since worker ids are no secret.
 */
import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { makeId, type SessionId, type StoreId, type WorkerId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { HelloMessage } from '../../shared/protocol/session.ts';
import { CLOSE, type CloseCode, PROTOCOL } from '../../shared/protocol/version.ts';
import { bearer } from '../auth/bearer.ts';
import type { Guard } from '../auth/guard.ts';
import { afterHello, endOnError } from './after-hello.ts';
import { closeSocket } from './close.ts';
import { Corks } from './corks.ts';
import { ProtocolError, readFrame, typeOf } from './messages.ts';
import { checkWorkerMessage, type SessionDeps, type SessionIdentity, WorkerSession } from './session.ts';
import type { CommandHandlers } from './shell.ts';
import { Silence } from './silence.ts';
import type { StoreIds } from './store-ids.ts';

/** Why a socket is turned away, with its close code. */
class Refused extends Error {
  readonly code: CloseCode;
  constructor(code: CloseCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

export interface SessionsOptions extends Omit<SessionDeps, 'ended' | 'leaves' | 'hold' | 'heard'> {
  readonly guard: Guard;
  readonly storeIds: StoreIds;
  /** Told after each join and each end how many are connected now. */
  readonly counted: (sessions: number) => void;
  readonly ended: (sessionId: SessionId) => void;
  /** It said that it goes, and the core knows; it stays until it is closed. */
  readonly leaves: (sessionId: SessionId) => void;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #corks = new Corks();
  readonly #silence: Silence<WorkerSession>;
  readonly #byId = new Map<SessionId, WorkerSession>();
  readonly #byWorker = new Map<WorkerId, WorkerSession>();
  readonly #byStore = new Map<StoreId, Set<WorkerSession>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#silence = new Silence(options.shell.clock, LIMITS.sessionSilenceMs, (session) => session.silent());
  }

  /** A new socket on /v1/session; its Host was checked before the upgrade. */
  accept(socket: WebSocket, request: FastifyRequest): void {
    const { guard, shell, log } = this.#options;
    endOnError(socket, 'session socket', log);
    if (!guard.originAllowed(request.headers.origin, request.headers.host)) {
      closeSocket(socket, CLOSE.origin, 'this page is not the coordinator’s own; see --allow-origin', shell.clock);
      return;
    }
    afterHello(socket, shell.clock, (data, isBinary) => {
      try {
        return this.#greet(socket, request, data, isBinary).receive;
      } catch (error) {
        const code = error instanceof Refused ? error.code : CLOSE.badMessage;
        if (!(error instanceof Refused) && !(error instanceof ProtocolError)) log(error, 'a hello failed');
        closeSocket(socket, code, (error as Error).message, shell.clock);
        return undefined;
      }
    });
  }

  /** The shell's commands that go to one tab. A session that is gone needs none. */
  readonly handlers: Pick<
    CommandHandlers,
    'leaseTask' | 'cancelAttempt' | 'dropBlocks' | 'dropResidents' | 'copyBlock' | 'dismissWorker'
  > = {
    dismissWorker: ({ sessionId, why }) => this.#byId.get(sessionId)?.close(CLOSE.dismissed, why, 'dismissed'),
    leaseTask: (command) => this.#byId.get(command.sessionId)?.lease(command),
    cancelAttempt: (command) => this.#byId.get(command.sessionId)?.cancel(command.attemptId, command.why),
    copyBlock: ({ type, sessionId, buckets, ...block }) =>
      this.#byId.get(sessionId)?.send({ type, buckets: [...buckets], ...block }),
    dropResidents: ({ type, sessionId, slot, residentKeys }) =>
      this.#byId.get(sessionId)?.send({ type, slot, residentKeys: [...residentKeys] }),
    dropBlocks: ({ sessionId, blockIds }) => {
      const storeId = this.#byId.get(sessionId)?.identity.storeId;
      // Each tab of a profile has blocks in its memory that no other one has.
      for (const session of this.#ofStore(storeId)) session.send({ type: 'dropBlocks', blockIds: [...blockIds] });
    },
  };

  /** The session that a data socket belongs to, if it knows the key. */
  byDataKey(sessionId: string, dataKey: string): WorkerSession | undefined {
    const session = this.#byId.get(sessionId as SessionId);
    return session?.identity.dataKey === dataKey ? session : undefined;
  }

  /** The sessions of a profile. */
  ofStore(storeId: StoreId): readonly SessionId[] {
    return [...this.#ofStore(storeId)].map((session) => session.identity.sessionId);
  }

  get(sessionId: SessionId): WorkerSession | undefined {
    return this.#byId.get(sessionId);
  }

  ofWorker(workerId: WorkerId): WorkerSession | undefined {
    return this.#byWorker.get(workerId);
  }

  /** No new tasks for this worker; what runs may finish. False when it is not connected. */
  drain(workerId: WorkerId): boolean {
    const session = this.#byWorker.get(workerId);
    if (!session) return false;
    session.send({ type: 'drain' });
    this.#options.shell.tell({ type: 'workerDrained', workerId });
    return true;
  }

  dismiss(workerId: WorkerId): boolean {
    const session = this.#byWorker.get(workerId);
    session?.close(CLOSE.dismissed, 'closed by the administrator', 'dismissed');
    return session !== undefined;
  }

  close(): void {
    for (const session of [...this.#byId.values()]) session.close(CLOSE.goingAway, 'the coordinator stops', 'closed');
  }

  #greet(socket: WebSocket, request: FastifyRequest, data: Buffer, isBinary: boolean): WorkerSession {
    const hello = readHello(data, isBinary);
    const { host, authorization } = request.headers;
    const verdict = this.#options.guard.identify({ host, remoteAddress: request.ip }, hello.token ?? bearer(authorization));
    if (!verdict.ok) {
      const what = verdict.why === 'wrong' ? 'this token is not known here' : 'a token is needed';
      throw new Refused(CLOSE.token, `${what}: open the join link again`);
    }
    if (this.#byId.size >= LIMITS.workers) throw new Refused(CLOSE.full, `${LIMITS.workers} tabs are connected; try later`);
    return this.#admit(hello, socket, request.raw.socket);
  }

  #admit(hello: HelloMessage, socket: WebSocket, stream: Writable): WorkerSession {
    const { storeIds, shell, ended, counted, leaves, ...deps } = this.#options;
    const known = hello.storeId === undefined ? undefined : storeIds.verify(hello.storeId);
    const storeId = known ?? storeIds.issue();
    const { workerId, replaced } = this.#workerIdFor(hello.workerId, storeId);
    const identity: SessionIdentity = {
      sessionId: makeId('ses', randomBytes) as SessionId,
      workerId,
      storeId,
      dataKey: randomBytes(18).toString('base64url'),
      mode: hello.mode,
      ...(hello.name !== undefined && { name: hello.name }),
    };
    const session = new WorkerSession(identity, socket, {
      ...deps,
      shell,
      hold: () => this.#corks.hold(stream),
      heard: (alive) => this.#silence.heard(alive),
      leaves: (going) => leaves(going.identity.sessionId),
      ended: (gone) => {
        this.#forget(gone);
        ended(gone.identity.sessionId);
        counted(this.#byId.size);
      },
    });
    this.#byId.set(identity.sessionId, session);
    this.#byWorker.set(identity.workerId, session);
    this.#byStore.set(storeId, new Set([...this.#ofStore(storeId), session]));
    session.send({
      type: 'welcome',
      workerId: identity.workerId,
      sessionId: identity.sessionId,
      storeId: storeIds.sign(storeId),
      dataKey: identity.dataKey,
      heartbeatMs: LIMITS.heartbeatMs,
    });
    session.join(hello.traits, known !== undefined);
    // Only now, so that the store is never without a session: its blocks are still there.
    replaced?.close(CLOSE.duplicate, 'another tab or connection took this worker’s place', 'closed');
    counted(this.#byId.size);
    return session;
  }

  #ofStore(storeId: StoreId | undefined): ReadonlySet<WorkerSession> {
    return (storeId && this.#byStore.get(storeId)) ?? new Set();
  }

  #forget(session: WorkerSession): void {
    const { sessionId, workerId, storeId } = session.identity;
    this.#silence.forget(session);
    this.#byId.delete(sessionId);
    if (this.#byWorker.get(workerId) === session) this.#byWorker.delete(workerId);
    const ofStore = this.#byStore.get(storeId);
    ofStore?.delete(session);
    if (ofStore?.size === 0) this.#byStore.delete(storeId);
  }

  #workerIdFor(wanted: string | undefined, storeId: string): { workerId: WorkerId; replaced?: WorkerSession } {
    const fresh = { workerId: makeId('w', randomBytes) as WorkerId };
    if (wanted === undefined || !/^w-[a-z0-9]{9}$/.test(wanted)) return fresh;
    const workerId = wanted as WorkerId;
    const replaced = this.#byWorker.get(workerId);
    if (!replaced) return { workerId };
    return replaced.identity.storeId === storeId ? { workerId, replaced } : fresh;
  }
}

/** Version before schema: a tab of another version may well send a hello of another shape. */
function readHello(data: Buffer, isBinary: boolean): HelloMessage {
  if (isBinary) throw new ProtocolError('hello is a text frame');
  const { message } = readFrame(data, false, { text: LIMITS.sessionFrameBytes, binary: 0 });
  if (typeOf(message) !== 'hello') throw new ProtocolError('the first frame must be a hello');
  const { protocol } = message as { readonly protocol?: unknown };
  if (typeof protocol === 'number' && protocol !== PROTOCOL) {
    throw new Refused(CLOSE.version, `protocol ${PROTOCOL} is spoken here, not ${protocol}: reload the page`);
  }
  return checkWorkerMessage(message) as HelloMessage;
}
