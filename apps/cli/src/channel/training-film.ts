import type { ChannelAutoencoder, Codebook } from "@isthmus/channel";
import { learnedCodebook } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import type { AnimationFrame, ConstellationAnimation } from "@isthmus/plot";
import { readCheckpoint } from "@isthmus/train";
import { extname } from "node:path";
import { grouped } from "../console.ts";
import { fileKind } from "../file-kinds.ts";
import { isRasterName, pixelsOf, requireRaster } from "../raster.ts";
import { usesText } from "./limits.ts";
import { placesOf, planeOf } from "./plane.ts";

/** Most of what happens, happens early: frames are closer together there. */
const FRAMES = 60;
const EARLY = 2;

const ENDINGS = [".svg", ".png", ".apng"];

/** Throws `UsageError` unless a film can be written to a file of this name. */
export async function requireFilmEnding(out: string): Promise<void> {
  if (!ENDINGS.includes(extname(out).toLowerCase()))
    throw new UsageError(`--animation expected a name ending in ${ENDINGS.join(", ")}, got ${out}`);
  await requireRaster(out);
}

/** A film that was written here: a drawing as text, a picture as bytes. */
export async function readFilm(path: string): Promise<string | Uint8Array> {
  const bytes = await readFileBytes(path);
  if (fileKind(bytes) === "PNG") return bytes;
  const text = new TextDecoder().decode(bytes);
  if (text.startsWith("<svg ")) return text;
  throw new UsageError(`--animation expected a film of isthmus channel train, got ${path}`);
}

interface Shot {
  readonly codebook: Codebook;
  readonly step: number;
  readonly information: number;
}

/** The codebooks of a training's checkpoints. */
export class TrainingFilm {
  private readonly shots = new Map<number, Shot[]>();
  private readonly definition: ChannelAutoencoder;

  constructor(definition: ChannelAutoencoder) {
    this.definition = definition;
  }

  /** Takes what a start has come to. */
  take(bytes: Uint8Array, restart: number): void {
    const { tensors, step, history } = readCheckpoint(bytes);
    const shots = this.shots.get(restart) ?? [];
    const information = history.at(-1)?.train["information"] ?? Number.NaN;
    this.shots.set(restart, [...shots, { codebook: learnedCodebook(this.definition, tensors), step, information }]);
  }

  /** The codebook of a start on its way, in the plane of its end, as a file of this name has it; none where nothing was seen. */
  async bytes(restart: number, out: string, progress: (share: number) => void): Promise<Uint8Array | undefined> {
    const animation = this.animation(restart);
    if (!animation) return undefined;
    const { animatedPng, constellationAnimation, constellationStills } = await import("@isthmus/plot");
    if (!isRasterName(out)) return new TextEncoder().encode(constellationAnimation(animation));
    const stills = [...constellationStills(animation)];
    const { width, height } = await pixelsOf(stills[0]!.svg);
    const frames = async function* (): AsyncGenerator<AnimationFrame> {
      for (const [index, { svg, seconds }] of stills.entries()) {
        progress(index / stills.length);
        yield { pixels: (await pixelsOf(svg)).pixels, seconds };
      }
    };
    return await animatedPng({ width, height, frames: frames() });
  }

  private animation(restart: number): ConstellationAnimation | undefined {
    const shots = chosen(this.shots.get(restart) ?? []);
    const last = shots.at(-1);
    if (!last) return undefined;
    const plane = planeOf(last.codebook);
    const { k, n, complex } = last.codebook;
    return {
      title: "A codebook through training",
      subtitle: `${2 ** k} messages in ${usesText({ n, complex })}`,
      x: { name: plane.names[0] },
      y: { name: plane.names[1] },
      frames: shots.map(({ codebook, step, information }) => ({
        points: placesOf(codebook, plane),
        caption: `step ${grouped(step)}, ${information.toFixed(3)} of ${k} bits`,
      })),
    };
  }
}

function chosen(shots: readonly Shot[]): Shot[] {
  const indices = Array.from({ length: FRAMES }, (_, i) =>
    Math.round((shots.length - 1) * (i / (FRAMES - 1)) ** EARLY),
  );
  return [...new Set(indices)].flatMap((index) => shots[index] ?? []);
}
