import type { ChannelAutoencoder, Codebook } from "@isthmus/channel";
import { learnedCodebook } from "@isthmus/channel";
import { readCheckpoint } from "@isthmus/train";
import { grouped } from "../console.ts";
import { placesOf, planeOf } from "./plane.ts";

/** Most of what happens, happens early: frames are closer together there. */
const FRAMES = 60;
const EARLY = 2;

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

  /** The codebook of a start on its way, as an animated SVG in the plane of its end; none where nothing was seen. */
  async drawing(restart: number): Promise<string | undefined> {
    const shots = chosen(this.shots.get(restart) ?? []);
    const last = shots.at(-1);
    if (!last) return undefined;
    const { constellationAnimation } = await import("@isthmus/plot");
    const plane = planeOf(last.codebook);
    const { k, n, complex } = last.codebook;
    return constellationAnimation({
      title: "A codebook through training",
      subtitle: `${2 ** k} messages in ${n} ${complex ? "complex" : "real"} uses`,
      x: { name: plane.names[0] },
      y: { name: plane.names[1] },
      frames: shots.map(({ codebook, step, information }) => ({
        points: placesOf(codebook, plane),
        caption: `step ${grouped(step)}, ${information.toFixed(3)} of ${k} bits`,
      })),
    });
  }
}

function chosen(shots: readonly Shot[]): Shot[] {
  const indices = Array.from({ length: FRAMES }, (_, i) =>
    Math.round((shots.length - 1) * (i / (FRAMES - 1)) ** EARLY),
  );
  return [...new Set(indices)].flatMap((index) => shots[index] ?? []);
}
