export interface BundleLimits {
  /** Of the plan's memory. Default: 2^26. */
  readonly memoryBytes?: number;
  /** Multiplications for an item. Default: 2^32, some seconds. */
  readonly products?: number;
}

export const DEFAULT_LIMITS: Required<BundleLimits> = { memoryBytes: 2 ** 26, products: 2 ** 32 };
