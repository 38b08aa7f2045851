import { type Parcel, PARCEL_HEADER_BYTES, readParcels } from "@isthmus/codec";
import { join } from "node:path";
import { type Entry, readEntries } from "./acknowledgements.ts";
import type { Disk } from "./disk.ts";
import { Segment } from "./segment.ts";

/** What a queue's folder holds. */
export interface Contents {
  /** The oldest first. */
  readonly segments: Segment[];
  /** Sequences of frames that have another than the one written in them, by {@link frameKey}. */
  readonly renumbered: Map<string, number>;
  /** Of the newest record. */
  readonly cursor: string | undefined;
  /** Above all sequences that are known. */
  readonly above: number;
}

export const logPath = (folder: string): string => join(folder, "acknowledged");
export const frameKey = (segment: Segment, index: number): string => `${segment.first}:${segment.offset(index)}`;

/** The models of frames as numbers of a byte. */
export class Models {
  readonly #names: string[] = [];

  /** 1 to 254, or 255 once there are more models than that. */
  mark(model: string): number {
    const known = this.#names.indexOf(model);
    if (known >= 0) return known + 1;
    return this.#names.length < 254 ? this.#names.push(model) : 255;
  }

  /** `undefined` for 255. */
  name(mark: number): string | undefined {
    return this.#names[mark - 1];
  }
}

/** The id of the model that made a stream: 16 hex digits. */
export function modelOf(stream: Uint8Array): string {
  return Buffer.from(stream.subarray(4, 12)).toString("hex");
}

/** @throws TypeError bytes that are no whole parcel */
export function parcelOf(bytes: Uint8Array): Parcel {
  const [found] = readParcels(bytes, bytes.length);
  if (found && "parcel" in found) return found.parcel;
  throw new TypeError(`"bytes" expected a parcel, got ${bytes.length} bytes that are none`);
}

/** What is needed of a parcel at once; its record's checksum has held, so its own is not compared. */
function headOf(parcel: Uint8Array): { readonly sequence: number; readonly model: string } {
  const view = new DataView(parcel.buffer, parcel.byteOffset, PARCEL_HEADER_BYTES);
  const sequence = view.getUint32(16, true) * 2 ** 32 + view.getUint32(12, true);
  return { sequence, model: modelOf(parcel.subarray(PARCEL_HEADER_BYTES + parcel[3]!)) };
}

/**
 * Reads a queue without changing it. Damage costs the frames that are damaged and no others.
 *
 * @param now seconds of the clock that frames' ages are told by
 */
export function readContents(disk: Disk, folder: string, models: Models, now: number): Contents {
  const firsts = disk.readdirSync(folder).flatMap((name) => Segment.firstOf(name) ?? []);
  const entries = readEntries(disk, logPath(folder));
  let cursor: string | undefined;
  let above = Math.max(0, ...firsts, ...entries.map((entry) => (entry.kind === "renumbered" ? entry.sequence + 1 : 0)));
  const segments = firsts
    .toSorted((a, b) => a - b)
    .map((first) => {
      const segment = new Segment(first);
      const path = join(folder, Segment.nameOf(first));
      const age = Math.max(0, Math.floor((Date.now() - disk.statSync(path).mtimeMs) / 1000));
      const mark = ({ parcel: bytes }: { readonly parcel: Uint8Array }): number => {
        const { sequence, model } = headOf(bytes);
        above = Math.max(above, sequence + 1);
        return models.mark(model);
      };
      cursor = segment.load(disk.readFileSync(path), mark, now - age)?.cursor ?? cursor;
      return segment;
    });
  return { segments, renumbered: apply(entries, segments), cursor, above };
}

function apply(entries: readonly Entry[], segments: readonly Segment[]): Map<string, number> {
  const byFirst = new Map(segments.map((segment) => [segment.first, segment]));
  const renumbered = new Map<string, number>();
  for (const entry of entries) {
    const segment = byFirst.get(entry.segment);
    if (!segment) continue;
    if (entry.kind === "done") segment.finishRange(entry.from, entry.to);
    else renumbered.set(`${entry.segment}:${entry.from}`, entry.sequence);
  }
  return renumbered;
}

/** Whole seconds of a clock that only goes forward, far enough from 0 that times before this process have their place too. */
export function queueClock(): number {
  return 2 ** 31 + Math.floor(performance.now() / 1000);
}
