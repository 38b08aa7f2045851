import { expected } from "../lib/process.mjs";
import { runAsCommand } from "../bench/report/command.ts";
import { anomaly } from "./anomaly.ts";
import { channelHamming } from "./channel-hamming.ts";
import { channelBits } from "./channel-bits.ts";
import { channelBlackBox } from "./channel-black-box.ts";
import { channelConstellations } from "./channel-constellations.ts";
import { channelFading } from "./channel-fading.ts";
import { channelRateOne } from "./channel-rate-one.ts";
import { channelSpeed } from "./channel-speed.ts";
import { channelTheory } from "./channel-theory.ts";
import { codecSensors } from "./codec-sensors.ts";
import { codecCifar10 } from "./codec-cifar10.ts";
import { codecMnist } from "./codec-mnist.ts";
import { codecInt8 } from "./codec-int8.ts";
import { codecLossless } from "./codec-lossless.ts";
import { codecSeams } from "./codec-seams.ts";
import { codecStreams } from "./codec-streams.ts";
import { channelTwoUsers } from "./channel-two-users.ts";
import { contractiveAe } from "./contractive-ae.ts";
import { convAe } from "./conv-ae.ts";
import { deepAe } from "./deep-ae.ts";
import { denoisingAe } from "./denoising-ae.ts";
import { disentanglementRows } from "./disentanglement.ts";
import type { Reproduction } from "./harness/reproduction.ts";
import { runReproduction } from "./harness/run.ts";
import { betaVaeRows } from "./beta-vae.ts";
import { categoricalVaeRows } from "./categorical-vae.ts";
import { conditionalImages } from "./conditional-images.ts";
import { conditionalVaeRows } from "./conditional-vae.ts";
import { iwaeRows } from "./iwae.ts";
import { latentObjectives } from "./latent-objectives.ts";
import { learnedPriors } from "./learned-priors.ts";
import { linearAe } from "./linear-ae.ts";
import { linearVaeRows } from "./linear-vae.ts";
import { latentRegularity } from "./latent-regularity.ts";
import { representations } from "./representations.ts";
import { sparseAe } from "./sparse-ae.ts";
import { vaeBinarisation } from "./vae-binarisation.ts";
import { vaeConv } from "./vae-conv.ts";
import { vaeDepths } from "./vae-depths.ts";
import { vaeLatents } from "./vae-latents.ts";
import { vaePosteriors } from "./vae-posteriors.ts";
import { vaeMnist } from "./vae-mnist.ts";

const reproductions: readonly Reproduction[] = [
  linearAe,
  deepAe,
  convAe,
  sparseAe,
  denoisingAe,
  contractiveAe,
  vaeMnist,
  vaeBinarisation,
  vaeLatents,
  vaeDepths,
  vaeConv,
  latentObjectives,
  betaVaeRows,
  conditionalVaeRows,
  conditionalImages,
  linearVaeRows,
  vaePosteriors,
  iwaeRows,
  categoricalVaeRows,
  learnedPriors,
  latentRegularity,
  disentanglementRows,
  representations,
  codecInt8,
  anomaly,
  channelTheory,
  channelHamming,
  channelRateOne,
  channelConstellations,
  channelFading,
  channelBits,
  channelBlackBox,
  codecSensors,
  codecLossless,
  codecStreams,
  codecSeams,
  channelTwoUsers,
  channelSpeed,
  codecMnist,
  codecCifar10,
];

const list = reproductions.map(({ name, what }) => `  ${name.padEnd(18)} ${what}`).join("\n");
const HELP = `Makes published results again and writes them to docs/results and docs/reproductions.md.

  npm run reproduce <name> [-- options]        (npm run reproduce <name> -- --help lists them)

${list}
`;

await runAsCommand(async ([name, ...args]) => {
  if (name === undefined || name === "--help") return void process.stdout.write(HELP);
  const found = reproductions.find((one) => one.name === name);
  if (!found) throw expected(`there is no reproduction ${JSON.stringify(name)}; there are:\n${list}`);
  await runReproduction(found, args);
});
