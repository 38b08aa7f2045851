import { writeParcel } from "@isthmus/codec";
import type { Decoded } from "../decode/decoded.ts";
import type { FileForm } from "../forms/files.ts";
import { itemsJson } from "../forms/items-json.ts";
import { type ModelJson, modelJson } from "../forms/model-json.ts";
import { LongWork } from "../long-work.ts";
import { claimOf } from "../models/claim.ts";
import type { ServedModel } from "../models/served-model.ts";
import { Problem, problemOf } from "../problems.ts";
import type { Service } from "../service.ts";
import type { StoredFrame } from "../store/frame-store.ts";
import { requireFew, requireSuits, sameShape } from "./forms.ts";

/** Of a page together, beside its first frame. */
const PAGE_BYTES = 2 ** 23;
const PAGE_VALUES = 2 ** 20;

export interface PageQuery {
  readonly device: string;
  readonly from?: number;
  readonly to?: number;
  readonly after?: string;
  readonly limit: number;
}

type Parts = Pick<Service, "store" | "models" | "decoder" | "turns">;

/** Frames of a device in order, and where there are more. */
interface Page {
  readonly frames: readonly StoredFrame[];
  readonly next?: string;
}

interface FrameFacts extends Pick<StoredFrame, "sequence" | "time" | "received" | "model" | "rawBytes"> {
  readonly bytes: number;
  readonly problem?: { readonly type: string; readonly title: string; readonly detail: string };
}

/** A frame with what it decoded to; without that its facts say why. */
interface ShownFrame {
  readonly facts: FrameFacts;
  readonly decoded?: { readonly model: ServedModel; readonly streams: readonly Decoded[] };
}

/** One page as JSON, in pieces of some milliseconds' work: what cannot be decoded says why, and does not keep the others away. */
export async function itemsPage(
  parts: Parts,
  query: PageQuery,
): Promise<{ text: Iterable<string>; next: string | undefined }> {
  const page = await pageOf(parts, query);
  const models: Record<string, ModelJson> = {};
  const frames = page.frames.map(async (frame): Promise<ShownFrame> => {
    const { sequence, time, received, model: id, rawBytes, stream } = frame;
    const facts = { sequence, time, received, model: id, bytes: stream.length, rawBytes };
    try {
      const model = await modelOf(parts, id);
      models[id] = modelJson(model);
      return { facts, decoded: { model, streams: await decodedFew(parts, model, frame) } };
    } catch (error) {
      const { type, title, detail, status } = problemOf(error).document;
      if (status === 500 || status === 429) throw error;
      return { facts: { ...facts, problem: { type, title, detail } } };
    }
  });
  const all = await Promise.all(frames);
  return { text: pageJson(all, models, page.next), next: page.next };
}

function* pageJson(
  frames: readonly ShownFrame[],
  models: Readonly<Record<string, ModelJson>>,
  next: string | undefined,
): Generator<string> {
  yield `{"frames":[`;
  let separator = "";
  for (const { facts, decoded } of frames) {
    const json = JSON.stringify(facts);
    yield `${separator}${decoded ? `${json.slice(0, -1)},"items":[` : json}`;
    if (decoded) yield* itemsJson(decoded.model, decoded.streams);
    if (decoded) yield "]}";
    separator = ",";
  }
  yield `],"models":${JSON.stringify(models)}${next === undefined ? "" : `,"next":${JSON.stringify(next)}`}}`;
}

async function decodedFew({ decoder, turns }: Parts, model: ServedModel, frame: StoredFrame): Promise<Decoded[]> {
  requireFew(undefined, model, await new LongWork(turns).run(claimOf(frame.stream)));
  return await decoder.decode(model, frame.stream);
}

/** One page as a file holds it: it ends where items of another model, or of another size, begin. */
export async function itemsFile(
  parts: Parts,
  query: PageQuery,
  form: FileForm,
): Promise<{ model?: ServedModel; decoded: readonly Decoded[]; next?: string }> {
  const page = await pageOf(parts, query);
  const [first] = page.frames;
  if (!first) return { decoded: [] };
  const model = await modelOf(parts, first.model);
  requireSuits(form, model);
  const ofModel = leading(page.frames, ({ model: id }) => id === first.model);
  // Others are on the page only where they are few.
  requireFew(form, model, await new LongWork(parts.turns).run(claimOf(first.stream)));
  const each = await Promise.all(ofModel.map(({ stream }) => parts.decoder.decode(model, stream)));
  const decoded = each.flat();
  const shown = sameShape(decoded);
  const last = page.frames[shown - 1]!;
  const next = shown < page.frames.length ? cursorOf(last) : page.next;
  return { model, decoded: decoded.slice(0, shown), ...(next !== undefined && { next }) };
}

/** One page as it was stored: parcels, which nobody has decoded. */
export async function itemsParcels(parts: Parts, query: PageQuery): Promise<{ bytes: Uint8Array; next?: string }> {
  const { frames, next } = await pageOf(parts, query);
  return { bytes: Buffer.concat(frames.map(writeParcel)), ...(next !== undefined && { next }) };
}

async function pageOf({ store, models }: Parts, { after, limit, ...query }: PageQuery): Promise<Page> {
  // One more than is shown, to know whether there is more.
  const asked = { ...query, ...(after !== undefined && { after: cursor(after) }), limit: limit + 1 };
  const found = await store.frames({ ...asked, maxBytes: PAGE_BYTES });
  const wholePage = found.reduce((sum, { stream }) => sum + stream.length, 0) < PAGE_BYTES;
  const shown = await withinValues(models, found.slice(0, limit));
  const isAll = shown.length === found.length && wholePage;
  return { frames: shown, ...(!isAll && shown.length > 0 && { next: cursorOf(shown.at(-1)!) }) };
}

/** So many of the frames as do not decode to more than a page may hold, and the first. */
async function withinValues(models: Parts["models"], frames: readonly StoredFrame[]): Promise<StoredFrame[]> {
  let values = 0;
  const shown: StoredFrame[] = [];
  for (const frame of frames) {
    if (values > PAGE_VALUES) break;
    const features = (await models.find(frame.model))?.features ?? 0;
    values += frame.items * features;
    if (shown.length > 0 && values > PAGE_VALUES) break;
    shown.push(frame);
  }
  return shown;
}

async function modelOf({ models }: Parts, id: string): Promise<ServedModel> {
  const model = await models.find(id);
  if (model) return model;
  throw new Problem("unknown-model", `model ${id} is not here`, { model: id });
}

function cursorOf({ time, sequence }: StoredFrame): string {
  return `${time}.${sequence}`;
}

function cursor(text: string): { readonly time: number; readonly sequence: number } {
  const [time, sequence] = text.split(".").map(Number) as [number, number];
  if (Number.isSafeInteger(time) && Number.isSafeInteger(sequence)) return { time, sequence };
  throw new Problem("invalid-request", `"after" expected the "next" of another page, got ${JSON.stringify(text)}`);
}

function leading<T>(all: readonly T[], fits: (one: T) => boolean): readonly T[] {
  const end = all.findIndex((one) => !fits(one));
  return end < 0 ? all : all.slice(0, end);
}
