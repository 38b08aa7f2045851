import { Call } from "./call";
import { depthwise, lookup, maxPool } from "./channelwise";
import { conv2d, conv2dTranspose } from "./conv";
import { elementwise } from "./elementwise";
import { channelwiseOfFloats, conv2dOfFloats } from "./floats";
import { Kernel } from "./kernel-numbers";

/** Makes `count` calls, which lie side by side. */
export function run(calls: usize, count: i32): void {
  for (let i = 0; i < count; i++, calls += offsetof<Call>()) {
    const call = changetype<Call>(calls);
    if (call.kernel == Kernel.Conv2d) conv2d(call);
    else if (call.kernel == Kernel.Depthwise) depthwise(call);
    else if (call.kernel == Kernel.MaxPool) maxPool(call);
    else if (call.kernel == Kernel.Lookup) lookup(call);
    else if (call.kernel == Kernel.Conv2dTranspose) conv2dTranspose(call);
    else if (call.kernel == Kernel.FloatConv2d) conv2dOfFloats(call);
    else if (call.kernel <= Kernel.FloatMaxPool) channelwiseOfFloats(call, call.kernel == Kernel.FloatMaxPool);
    else elementwise(call);
  }
}
