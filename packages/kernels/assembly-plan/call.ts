/** A call of a plan as it lies in memory: int32, in the order of `CALL_FIELDS` of `src/plan.ts`. */
@unmanaged
export class Call {
  kernel: i32;
  x: usize;
  y: usize;
  weights: usize;
  records: usize;
  padding: i32;
  scratch: usize;
  zero: i32;
  low: i32;
  high: i32;
  wide: i32;
  length: i32;
  height: i32;
  width: i32;
  channels: i32;
  yHeight: i32;
  yWidth: i32;
  yChannels: i32;
  rows: i32;
  columns: i32;
  rowStride: i32;
  columnStride: i32;
  rowDilation: i32;
  columnDilation: i32;
  top: i32;
  left: i32;
}
