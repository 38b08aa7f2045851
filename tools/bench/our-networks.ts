import { convolutionalLoss } from "./convolutional-vae.ts";
import { trainingStep } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { channelLoss } from "./channel-autoencoder.ts";
import { type Network, trained } from "./training-program.ts";
import { type Workload, WORKLOADS } from "./workloads.ts";

/** Our side of each workload. */
export function networkOf(work: Workload): Network {
  switch (work) {
    case WORKLOADS.digits:
    case WORKLOADS.noZeros: {
      const { parameters, phases } = vae();
      return { parameters, program: trainingStep(phases[0]!.loss, phases[0]!.parameters) };
    }
    case WORKLOADS.channel:
      return trained(channelLoss);
    case WORKLOADS.images:
      return trained(convolutionalLoss);
  }
}
