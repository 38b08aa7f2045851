/** All ways of being hostile that `npm run fuzz` tries: those of the codec's tests, and what stands above it. */
import { cornerSeries } from "../../packages/codec/test/support/hostile-corners.ts";
import type { HostileKind, HostileSeries } from "../../packages/codec/test/support/hostile-draws.ts";
import { latentKinds, latentSeries } from "../../packages/codec/test/support/hostile-latents.ts";
import { losslessKinds, losslessSeries } from "../../packages/codec/test/support/hostile-lossless.ts";
import { sessionKinds, sessionSeries } from "../../packages/codec/test/support/hostile-sessions.ts";
import { bundleKinds } from "./bundles.ts";
import { coderFileKind } from "./coder-files.ts";
import { pictureKind } from "./pictures.ts";

export const kinds: readonly HostileKind[] = [
  ...latentKinds,
  ...sessionKinds,
  ...losslessKinds,
  pictureKind,
  await coderFileKind(),
  ...bundleKinds,
];
export const series: readonly HostileSeries[] = [...latentSeries, ...sessionSeries, ...losslessSeries, ...cornerSeries];
