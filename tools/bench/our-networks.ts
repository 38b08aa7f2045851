import { convolutionalLoss } from "./convolutional-vae.ts";
import { denseVae } from "@isthmus/models";
import { channelLoss } from "./channel-autoencoder.ts";
import { type Network, trained } from "./training-program.ts";
import { type Workload, WORKLOADS } from "./workloads.ts";

/** Our side of each workload. */
export function networkOf(work: Workload): Network {
  switch (work) {
    case WORKLOADS.digits:
    case WORKLOADS.noZeros: {
      const { parameters, phases } = denseVae();
      return { parameters, program: phases[0]!.program };
    }
    case WORKLOADS.channel:
      return trained(channelLoss);
    case WORKLOADS.images:
      return trained(convolutionalLoss);
  }
}
