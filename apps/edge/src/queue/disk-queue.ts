import { PARCEL_HEADER_BYTES, writeParcel } from "@isthmus/codec";
import { join } from "node:path";
import { Bell } from "../bell.ts";
import { Acknowledgements, type Entry } from "./acknowledgements.ts";
import { frameKey, logPath, modelOf, Models, parcelOf, queueClock, readContents } from "./contents.ts";
import { type Disk, realDisk, syncFolder, systemCode, writeAllAt } from "./disk.ts";
import { type FoundRecord, recordAt, writeRecord } from "./record.ts";
import { Segment } from "./segment.ts";
import { Sequences } from "./sequences.ts";

/** When frames are flushed from the system's memory to the disk itself. */
export type FsyncPolicy = "always" | "interval" | "never";
type QueueProblem = "disk" | "dropped" | "damaged";
export type WhenFull = "oldest-first" | "stop";

export interface QueueOptions {
  readonly device: string;
  /** The most bytes of its files. */
  readonly bytes: number;
  readonly whenFull: WhenFull;
  /** `always`: before `append` resolves. `interval`: before a frame is sent, and when `sync` is called. `never`: when the system likes. */
  readonly fsync: FsyncPolicy;
  /** Told what is wrong with the disk, and what was lost. */
  readonly problem?: (kind: QueueProblem, message: string) => void;
  readonly disk?: Disk;
  /** Milliseconds to wait before a disk that failed is tried again. Default: 1000. */
  readonly retryMs?: number;
}

export interface NewFrame {
  /** As in a parcel. */
  readonly time: number;
  readonly stream: Uint8Array;
}

/** A frame that waits to be sent. */
export interface QueuedFrame {
  readonly segment: Segment;
  readonly index: number;
  readonly key: string;
  readonly sequence: number;
  /** The bytes to send. */
  readonly parcel: Uint8Array;
  /** 16 hex digits. */
  readonly model: string;
}

export interface TakeOptions {
  /** The most bytes, unless the first frame alone has more. */
  readonly bytes: number;
  readonly frames: number;
  /** Frames to pass over, by their key and model. */
  readonly isHeld?: (key: string, model: string | undefined) => boolean;
}

/** A segment is a share of the whole: the oldest frames are dropped by so much at a time. */
const SEGMENTS = 16;
/** The most that one frame may be of the whole, so that there is always room beside the newest. */
const MOST_OF_ALL = 4;
/** So often a frame is read before it is given up. */
const READS = 10;
const LOG_BYTES = 2 ** 16;
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * Frames on the disk until the service has them. Files are only written at their end and are whole or damaged record by record, so whatever a crash leaves is
 * read; a number is never given twice; each record says where its source goes on, so that source and queue never disagree.
 */
export class DiskQueue {
  /** Where the source goes on after the newest frame; `undefined` where that is not known. */
  cursor: string | undefined;
  /** Since it was opened. */
  readonly counts = { appended: 0, dropped: 0, damaged: 0, diskErrors: 0 };
  /** Rings when there is another frame. */
  readonly arrived: Bell = new Bell();
  readonly #room: Bell = new Bell();
  readonly #folder: string;
  readonly #options: QueueOptions;
  readonly #disk: Disk;
  readonly #models: Models = new Models();
  readonly #segments: Segment[];
  readonly #renumbered: Map<string, number>;
  readonly #log: Acknowledgements;
  readonly #sequences: Sequences;
  #logRewritten = 0;
  /** The newest segment, open for writing; one that an earlier process began is never written again. */
  #active: { readonly segment: Segment; readonly file: number } | undefined;
  #reading: { readonly segment: Segment; readonly file: number } | undefined;
  #isDirty = false;
  /** How often frames could not be read. */
  readonly #unreadable: Map<string, number> = new Map();

  /**
   * Opens a queue, or makes one. One process at a time.
   *
   * @throws what the system says where the folder cannot be read or written
   */
  constructor(folder: string, options: QueueOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#disk.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { segments, renumbered, cursor, above } = readContents(this.#disk, folder, this.#models, queueClock());
    this.#segments = segments;
    this.#renumbered = renumbered;
    this.cursor = cursor;
    this.#sequences = new Sequences(this.#disk, join(folder, "sequence"), above);
    this.#sweep();
    this.#log = new Acknowledgements(this.#disk, logPath(folder));
    // On a full disk it stays as it is: what is sent makes room.
    this.#rewriteLog();
  }

  get frames(): number {
    return this.#segments.reduce((sum, { live }) => sum + live, 0);
  }

  /** Of its files. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Of the frames that wait. */
  get liveBytes(): number {
    return this.#segments.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  }

  get nextSequence(): number {
    return this.#sequences.next;
  }

  /** How long the oldest frame has waited, by a clock that nobody sets. */
  get oldestSeconds(): number {
    const since = this.#segments.flatMap((segment) => segment.oldest() ?? []);
    return since.length === 0 ? 0 : Math.max(0, queueClock() - Math.min(...since));
  }

  /**
   * Takes a frame in; resolves when it is on the disk, as far as the policy has it there. Waits for room where the policy is `stop`, and for the disk where that
   * fails. One call at a time.
   *
   * @param cursor where its source goes on after it
   * @returns its sequence; `undefined` where `signal` was aborted while it waited
   * @throws RangeError a frame of more than a quarter of the queue's bytes
   */
  async append(frame: NewFrame, cursor: string, signal?: AbortSignal): Promise<number | undefined> {
    for (;;) {
      const tried = this.#tried(frame, cursor);
      if (typeof tried === "number") return tried;
      await this.#room.heard({ signal, ...(tried === "disk" && { ms: this.#options.retryMs ?? 1000 }) });
      if (signal?.aborted) return undefined;
    }
  }

  #tried(frame: NewFrame, cursor: string): number | "full" | "disk" {
    for (;;) {
      try {
        const needed = this.#needed(frame, cursor);
        if (!this.#makeRoom(needed)) return "full";
        const sequence = this.#sequences.take();
        const parcel = writeParcel({ device: this.#options.device, sequence, ...frame });
        this.#write(writeRecord({ parcel, cursor }), modelOf(frame.stream));
        this.cursor = cursor;
        this.counts.appended++;
        this.#sweep();
        this.arrived.ring();
        return sequence;
      } catch (error) {
        const code = this.#failed("write", error);
        if (!FULL.has(code) || this.#options.whenFull === "stop" || !this.#dropOldest("the disk is full"))
          return "disk";
      }
    }
  }

  #needed({ stream }: NewFrame, cursor: string): number {
    const { device, bytes } = this.#options;
    const parcel = new Uint8Array(PARCEL_HEADER_BYTES + device.length + stream.length);
    const { length } = writeRecord({ parcel, cursor });
    if (length <= bytes / MOST_OF_ALL) return length;
    throw new RangeError(`"stream" expected a frame of at most a quarter of the queue's ${bytes} bytes, got ${length}`);
  }

  /** Whether so many bytes more fit; drops what has to go where that is the policy. */
  #makeRoom(bytes: number): boolean {
    while (this.bytes + bytes > this.#options.bytes) {
      if (this.#moveRest()) continue;
      if (this.#options.whenFull === "stop" || !this.#dropOldest("the queue is full")) return false;
    }
    return true;
  }

  /** Puts a record at the end. Where that fails nothing of it stays that a reader would take for one. */
  #write(record: Uint8Array, model: string): void {
    const { segment, file } = this.#writable(record.length);
    const offset = segment.bytes;
    try {
      writeAllAt(this.#disk, file, record, offset);
    } catch (error) {
      this.#quietly(() => this.#disk.ftruncateSync(file, offset));
      throw error;
    }
    segment.add({ offset, bytes: record.length, mark: this.#models.mark(model), since: queueClock() });
    this.#isDirty = true;
    if (this.#options.fsync === "always") this.sync();
  }

  #writable(bytes: number): { readonly segment: Segment; readonly file: number } {
    const active = this.#active;
    const most = Math.floor(this.#options.bytes / SEGMENTS);
    if (active && (active.segment.bytes === 0 || active.segment.bytes + bytes <= most)) return active;
    const segment = new Segment(this.#sequences.take());
    const file = this.#disk.openSync(join(this.#folder, Segment.nameOf(segment.first)), "wx", 0o600);
    this.#closeActive();
    if (this.#options.fsync !== "never") syncFolder(this.#disk, this.#folder);
    this.#segments.push(segment);
    this.#active = { segment, file };
    return this.#active;
  }

  #closeActive(): void {
    if (!this.#active) return;
    const { file } = this.#active;
    this.sync();
    this.#active = undefined;
    this.#disk.closeSync(file);
  }

  /** Flushes what was taken in, unless the policy is never to. */
  sync(): void {
    if (!this.#isDirty || !this.#active || this.#options.fsync === "never") return;
    try {
      this.#disk.fdatasyncSync(this.#active.file);
      this.#isDirty = false;
    } catch (error) {
      this.#failed("flush", error);
    }
  }

  /** The newest segment with a frame: it has the cursor, and stays until there is another. */
  get #newest(): Segment | undefined {
    return this.#segments.findLast(({ frames }) => frames > 0);
  }

  /** Removes segments of which nothing is needed. */
  #sweep(): void {
    const newest = this.#newest;
    const isNeeded = (segment: Segment) => segment.live > 0 || segment === newest || segment === this.#active?.segment;
    for (const segment of this.#segments.filter((one) => !isNeeded(one))) this.#remove(segment);
  }

  #remove(segment: Segment): void {
    if (this.#reading?.segment === segment) this.#stopReading();
    this.#quietly(() => this.#disk.unlinkSync(join(this.#folder, Segment.nameOf(segment.first))));
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    for (const key of this.#renumbered.keys()) if (key.startsWith(`${segment.first}:`)) this.#renumbered.delete(key);
    this.#room.ring();
  }

  /** Whether there was a segment that could go. */
  #dropOldest(why: string): boolean {
    const newest = this.#newest;
    const oldest = this.#segments.find((segment) => segment !== newest && segment.frames > 0);
    if (!oldest) return false;
    const { live } = oldest;
    this.counts.dropped += live;
    this.#options.problem?.("dropped", `${why}: the oldest ${live} frames were dropped`);
    for (const index of oldest.liveFrames()) oldest.finish(index);
    this.#remove(oldest);
    return true;
  }

  /** Frees a segment that is mostly of frames that have left: puts the others behind the newest. A crash between leaves them twice, under one sequence. */
  #moveRest(): boolean {
    const newest = this.#newest;
    const sparse = this.#segments.find((one) => one !== newest && one.live > 0 && one.liveBytes < one.bytes / 2);
    if (!sparse) return false;
    const frames = [...sparse.liveFrames()].flatMap((index) => this.#read(sparse, index) ?? []);
    for (const { parcel, model } of frames) this.#write(writeRecord({ parcel, cursor: this.cursor ?? "" }), model);
    this.sync();
    this.#remove(sparse);
    return true;
  }

  /** The oldest frames that are not held, in their order. They stay until they are finished. */
  take({ bytes, frames, isHeld = () => false }: TakeOptions): QueuedFrame[] {
    this.sync();
    const batch: QueuedFrame[] = [];
    let total = 0;
    for (const segment of this.#segments) {
      for (const index of segment.liveFrames()) {
        if (isHeld(frameKey(segment, index), this.#models.name(segment.mark(index)))) continue;
        if (batch.length === frames) return batch;
        const frame = this.#read(segment, index);
        if (!frame) continue;
        total += frame.parcel.length;
        if (batch.length > 0 && total > bytes) return batch;
        batch.push(frame);
      }
    }
    return batch;
  }

  /** `undefined` where the disk fails, or no longer gives what was written: then the frame is left out from now on. */
  #read(segment: Segment, index: number): QueuedFrame | undefined {
    const key = frameKey(segment, index);
    const record = this.#record(segment, index, key);
    if (record === "again") return undefined;
    this.#unreadable.delete(key);
    if (!record) {
      this.counts.damaged++;
      this.#options.problem?.("damaged", "a frame of the queue is damaged on the disk and was left out");
      this.#finish([{ segment, index }]);
      return undefined;
    }
    const written = parcelOf(record.parcel);
    const sequence = this.#renumbered.get(key) ?? written.sequence;
    const parcel = sequence === written.sequence ? record.parcel : writeParcel({ ...written, sequence });
    return { segment, index, key, sequence, parcel, model: modelOf(written.stream) };
  }

  #record(segment: Segment, index: number, key: string): FoundRecord | "again" | undefined {
    const bytes = new Uint8Array(segment.length(index));
    try {
      const file = this.#readable(segment);
      for (let done = 0; done < bytes.length;) {
        const read = this.#disk.readSync(file, bytes, done, bytes.length - done, segment.offset(index) + done);
        if (read === 0) return undefined;
        done += read;
      }
    } catch (error) {
      this.#failed("read", error);
      const tries = (this.#unreadable.get(key) ?? 0) + 1;
      this.#unreadable.set(key, tries);
      return tries < READS ? "again" : undefined;
    }
    return recordAt(bytes, 0);
  }

  #readable(segment: Segment): number {
    if (this.#reading?.segment === segment) return this.#reading.file;
    this.#stopReading();
    const file = this.#disk.openSync(join(this.#folder, Segment.nameOf(segment.first)), "r");
    this.#reading = { segment, file };
    return file;
  }

  #stopReading(): void {
    if (this.#reading) this.#disk.closeSync(this.#reading.file);
    this.#reading = undefined;
  }

  /** They have left: the service has them, or they were set aside. */
  finish(frames: readonly QueuedFrame[]): void {
    this.#finish(frames);
    this.#sweep();
    this.#shortenLog();
  }

  #finish(frames: readonly Pick<QueuedFrame, "segment" | "index">[]): void {
    const live = frames.filter(({ segment, index }) => segment.finish(index));
    for (const run of runsOf(live)) this.#quietly(() => this.#log.add(run));
  }

  /**
   * Gives a frame another sequence, above all that were given and not below `from`; on the disk before it returns, so that it never gets two.
   *
   * @returns whether that could be noted; else it keeps its own
   */
  renumber({ segment, index, key }: QueuedFrame, from: number): boolean {
    try {
      this.#sequences.skipTo(from);
      const sequence = this.#sequences.take();
      this.#log.add({ kind: "renumbered", segment: segment.first, from: segment.offset(index), sequence });
      this.#log.sync();
      this.#renumbered.set(key, sequence);
      return true;
    } catch (error) {
      this.#failed("write", error);
      return false;
    }
  }

  *#entries(): Generator<Entry> {
    for (const segment of this.#segments) {
      for (const range of segment.finished()) yield { kind: "done", segment: segment.first, ...range };
    }
    for (const [key, sequence] of this.#renumbered) {
      const [segment, from] = key.split(":").map(Number) as [number, number];
      yield { kind: "renumbered", segment, from, sequence };
    }
  }

  #shortenLog(): void {
    if (this.#log.bytes >= Math.max(LOG_BYTES, 2 * this.#logRewritten)) this.#rewriteLog();
  }

  #rewriteLog(): void {
    this.#quietly(() => this.#log.rewrite(this.#entries()));
    this.#logRewritten = this.#log.bytes;
  }

  /** Flushes and lets go of all files; nothing may be called after it. */
  close(): void {
    this.#quietly(() => this.#closeActive());
    this.#quietly(() => this.#sequences.close());
    this.#log.close();
    this.#stopReading();
    this.#room.ring();
  }

  /** Does what may fail without harm: what it was to save is done again, or found at the next start. */
  #quietly(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#failed("write", error);
    }
  }

  #failed(verb: string, error: unknown): string {
    const code = systemCode(error);
    this.counts.diskErrors++;
    this.#options.problem?.("disk", `cannot ${verb} the queue in ${this.#folder}: ${(error as Error).message}`);
    return code;
  }
}

/** Frames that lie one behind the other, as one entry. */
function* runsOf(frames: readonly Pick<QueuedFrame, "segment" | "index">[]): Generator<Entry> {
  for (let i = 0; i < frames.length;) {
    const { segment, index } = frames[i]!;
    let length = 1;
    while (frames[i + length]?.segment === segment && frames[i + length]!.index === index + length) length++;
    const [from, to] = [segment.offset(index), segment.offset(index + length - 1)];
    yield { kind: "done", segment: segment.first, from, to };
    i += length;
  }
}
