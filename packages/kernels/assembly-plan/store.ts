/** How sums become what is stored: `docs/integer.md`, to the bit. */
import { Call } from "./call";

/** Bytes of a channel: bias, multiplier, negative multiplier, shift. */
const CHANNEL: usize = 16;

/** The sum of channel c's products, with its bias, rounded into the element `at` of y. */
export function store(call: Call, at: i32, c: i32, products: i32): void {
  const record = call.records + <usize>c * CHANNEL;
  const sum = products + load<i32>(record);
  const multiplier = <i64>(sum < 0 ? load<i32>(record, 8) : load<i32>(record, 4));
  const shift = <i64>load<i32>(record, 12);
  let value = <i64>call.zero + ((<i64>sum * multiplier + (<i64>1 << (shift - 1))) >> shift);
  value = min<i64>(max<i64>(value, <i64>call.low), <i64>call.high);
  if (call.wide) i32.store(call.y + (<usize>at << 2), <i32>value);
  else i32.store8(call.y + <usize>at, <i32>value);
}

/** The sum of four lanes. */
@inline
export function across(sums: v128): i32 {
  return (
    i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
  );
}
