import type { FsyncPolicy, WhenFull } from "../queue/disk-queue.ts";
import type { Waiting } from "../send/backoff.ts";
import type { Secret } from "../send/secrets.ts";
import type { TlsFiles } from "../send/tls.ts";

/** What an `edge.toml` says; paths are absolute, times in milliseconds. */
export interface AgentConfig {
  /** As in a parcel. */
  readonly device: string;
  /** The folder of all that the agent keeps. */
  readonly state: string;
  readonly model: ModelConfig;
  readonly source: SourceConfig;
  readonly frame: { readonly items: number; readonly ageMs: number };
  readonly queue: {
    readonly bytes: number;
    readonly whenFull: WhenFull;
    readonly fsync: FsyncPolicy;
    readonly fsyncMs: number;
  };
  readonly send: SendConfig;
}

export interface ModelConfig {
  /** Where to fetch it by its id, or the file it is in: one of them. */
  readonly id?: string;
  readonly url?: string;
  readonly bundle?: string;
  /** Of the whole file, in hex. */
  readonly sha256?: string;
}

/** How the lines of a stream are rows of numbers, and rows are windows. */
export interface LinesConfig {
  readonly format: "csv" | "json";
  readonly delimiter: string;
  /** Whether the first line of a CSV names its columns. */
  readonly header: boolean;
  /** Names of the columns or members, in the order of the model; all of them by default. */
  readonly columns?: readonly string[];
  /** The column that says when a row was measured; the time of its arrival by default. */
  readonly time?: string;
  readonly timeUnit: TimeUnit;
}

export type TimeUnit = "iso" | "s" | "ms" | "us";

export interface WindowConfig {
  /** Rows of a window; what the model takes by default. */
  readonly window?: number;
  /** Rows from the beginning of one to that of the next; a window's by default. */
  readonly stride?: number;
}

interface StdinConfig extends LinesConfig, WindowConfig {
  readonly kind: "stdin";
}

export interface FileConfig extends LinesConfig, WindowConfig {
  readonly kind: "file";
  readonly path: string;
  /** Where to begin in a file that was never read. */
  readonly from: "start" | "end";
  /** Whether to wait for more at its end. */
  readonly follow: boolean;
  readonly pollMs: number;
}

export interface FolderConfig {
  readonly kind: "folder";
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly fit: "crop" | "stretch" | "pad";
  /** What becomes of a picture that is in the queue. */
  readonly done: "move" | "delete" | "keep";
  readonly doneFolder: string;
  /** Where pictures go that cannot be read. */
  readonly refusedFolder: string;
  readonly pollMs: number;
}

export interface DemoConfig extends WindowConfig {
  readonly kind: "demo";
  /** Numbers in a row. */
  readonly signals: number;
  /** Rows a second. */
  readonly rate: number;
  /** After so many rows it ends; never by default. */
  readonly rows?: number;
}

export type SourceConfig = StdinConfig | FileConfig | FolderConfig | DemoConfig;

export interface SendConfig {
  /** `http:`, `https:`, `mqtt:` or `mqtts:`. */
  readonly url: string;
  readonly token: Secret;
  readonly username?: string;
  readonly password: Secret;
  readonly tls: TlsFiles;
  readonly batchBytes: number;
  readonly patienceMs: number;
  readonly retry: Waiting;
}
