/** Channels as words: `multi-tap:taps=3+awgn`. */
import { type Channel, channelKinds } from "@isthmus/channel";
import { InvalidArgumentError } from "commander";
import { kebab } from "../options.ts";

/** Those of which a block may come out other than it would without noise; what only fades or turns has none. */
const NOISY: readonly string[] = ["awgn", "impulsive", "burst", "bsc", "bec"];

/** One for `--help`. */
export const CHANNEL_KINDS: readonly string[] = channelKinds
  .filter((kind) => kind !== "chain" && kind !== "own")
  .map((kind) => kebab(kind));

/** Kinds with their numbers and words, one behind the other; white noise is put behind those that add none. */
export function channelOfText(text: string): Channel {
  const channels = text.split("+").map(one);
  const isNoisy = channels.some(({ kind }) => NOISY.includes(kind));
  const all = isNoisy ? channels : [...channels, { kind: "awgn" } as const];
  return all.length === 1 ? all[0]! : { kind: "chain", channels: all };
}

function one(text: string): Channel {
  const [name = "", options = ""] = text.split(/:(.*)/);
  const kind = channelKinds.find((known) => kebab(known) === name.trim() && CHANNEL_KINDS.includes(name.trim()));
  if (kind === undefined) throw new InvalidArgumentError(`expected ${CHANNEL_KINDS.join(", ")}, joined by +.`);
  const fields = options === "" ? [] : options.split(",").map(field);
  return { kind, ...Object.fromEntries(fields) } as Channel;
}

/** `taps=3`, `per=symbol`, `tail=true`, `powers=0.5/0.5`. */
function field(text: string): readonly [string, unknown] {
  const [name, value] = text.split("=");
  if (!name || value === undefined) throw new InvalidArgumentError(`expected name=value such as taps=3, got ${text}.`);
  return [name.trim(), value.includes("/") ? value.split("/").map(Number) : valueOf(value.trim())];
}

function valueOf(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
