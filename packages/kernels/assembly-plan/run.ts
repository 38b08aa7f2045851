import { Call } from "./call";
import { depthwise, lookup, maxPool } from "./channelwise";
import { conv2d, conv2dTranspose } from "./conv";
import { elementwise } from "./elementwise";
import { channelwiseOfFloats, conv2dOfFloats } from "./floats";

/** Makes `count` calls, which lie side by side. */
export function run(calls: usize, count: i32): void {
  for (let i = 0; i < count; i++, calls += offsetof<Call>()) {
    const call = changetype<Call>(calls);
    if (call.kernel == 0) conv2d(call);
    else if (call.kernel == 1) depthwise(call);
    else if (call.kernel == 2) maxPool(call);
    else if (call.kernel == 3) lookup(call);
    else if (call.kernel == 4) conv2dTranspose(call);
    else if (call.kernel == 5) conv2dOfFloats(call);
    else if (call.kernel < 8) channelwiseOfFloats(call, call.kernel == 7);
    else elementwise(call);
  }
}
