import type { Engine } from "../../src/index.ts";
import { afterAll, beforeAll } from "vitest";
import { boundsConform } from "./bounds.ts";
import { engineKeepsContract } from "./contract.ts";
import { distributionsConform } from "./distributions.ts";
import { imagesConform } from "./images.ts";
import { layersConform } from "./layers.ts";
import { operationsConform } from "./operations.ts";
import { randomProgramsConform } from "./random-programs.ts";
import { specialFunctionsConform } from "./special.ts";
import { vaeConforms } from "./vae.ts";

/** All that an engine must pass, on one that is made for it. Call it within a `describe`. */
export function engineConforms(make: () => Promise<Engine>): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await make();
  });
  afterAll(() => engine.dispose());
  const current = () => engine;
  engineKeepsContract(current, make);
  operationsConform(current);
  imagesConform(current);
  layersConform(current);
  randomProgramsConform(current);
  specialFunctionsConform(current);
  distributionsConform(current);
  boundsConform(current);
  vaeConforms(current);
}
