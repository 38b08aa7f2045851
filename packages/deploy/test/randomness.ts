import { randomNormal, randomUniform } from "@isthmus/math";

/** A stream of numbers from a seed. */
export class Randomness {
  private readonly seed: readonly [number, number];
  private step = 0;

  constructor(seed: number) {
    this.seed = [seed, 0];
  }

  normal(): number {
    return this.one(randomNormal);
  }

  uniform(): number {
    return this.one(randomUniform);
  }

  private one(draw: typeof randomNormal): number {
    const out = new Float32Array(1);
    draw(out, { seed: this.seed, stream: "test", step: this.step++ });
    return out[0]!;
  }
}
