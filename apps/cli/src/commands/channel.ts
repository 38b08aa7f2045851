import type { Command } from "commander";
import { baselineCommand } from "./channel-baseline.ts";
import { boundCommand } from "./channel-bound.ts";
import { exportLinkCommand } from "./channel-export.ts";
import { plotLinkCommand } from "./channel-plot.ts";
import { simulateCommand } from "./channel-simulate.ts";
import { trainLinkCommand } from "./channel-train.ts";
import { commandGroup, type Context } from "./command.ts";

const EXAMPLES = [
  "isthmus channel train --k 4 --n 7 -o ae.safetensors",
  "isthmus channel baseline uncoded-4 hamming-hard hamming --ebno 0:8:1",
  "isthmus channel bound --k 4 --n 7",
  "isthmus channel simulate hamming --ebno 0:4:1 --baselines hamming-hard,uncoded -o bler.svg",
];

export function channelCommand(context: Context): Command {
  const makers = [trainLinkCommand, baselineCommand, boundCommand, simulateCommand, exportLinkCommand, plotLinkCommand];
  return commandGroup({
    name: "channel",
    summary:
      "Communication over a noisy channel: links learned end to end, what known codes do, and what no code can do.",
    usage: "<what> [options]",
    examples: EXAMPLES,
    commands: makers.map((make) => make(context)),
  });
}
