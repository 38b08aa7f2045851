/** Items, the numbers that are known of each, and the class that is to be told from them. */
export interface Labelled {
  /** [features][items] */
  readonly features: readonly Float64Array[];
  /** [items], in [0, classes) */
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Its items' shares of each class and, where it is no leaf, how they part: left is where `feature` is at most `threshold`. */
interface Tree {
  readonly shares: Float64Array;
  readonly split?: Pick<Split, "feature" | "threshold"> & { readonly left: Tree; readonly right: Tree };
}

interface Split {
  readonly feature: number;
  readonly threshold: number;
  /** Items on the left. */
  readonly lefts: number;
  /** Gini impurity before less impurity after, times items. */
  readonly gain: number;
}

/**
 * Classification trees (Breiman, Friedman, Olshen, Stone 1984), each grown on a draw of the items (bagging; Breiman 1996),
 * with every split the best of all features: none stands in for one that was not looked at. A threshold is midway between
 * two items' numbers.
 */
export class Forest {
  readonly #data: Labelled;
  readonly #trees: readonly Tree[];

  /**
   * @param draws the items that each tree sees, some more than once.
   * @param leaf fewest items, as often as they were drawn, on either side of a split.
   */
  constructor(data: Labelled, draws: readonly Int32Array[], leaf: number) {
    this.#data = data;
    const ranks = data.features.map(ranksOf);
    this.#trees = draws.map((items) =>
      grown(
        data,
        leaf,
        ranks.map((rank) => inOrder(items, rank)),
      ),
    );
  }

  /** The most probable class of an item, by the mean of the shares in the leaves it comes to. */
  classOf(item: number): number {
    const votes = new Float64Array(this.#data.classes);
    for (const tree of this.#trees) {
      const leaf = way(tree, this.#data.features, item).at(-1)!;
      leaf.shares.forEach((share, c) => (votes[c]! += share));
    }
    return votes.indexOf(Math.max(...votes));
  }

  /**
   * By how much the splits on each feature raise the share of an item's own class, mean over items and trees. On the items
   * that a tree was grown on it is what its splits take off the Gini impurity; on others, what a split owes to chance comes
   * to 0 in the mean (Li, Wang, Basu, Kumbier, Yu 2019).
   */
  gains(items: Int32Array): Float64Array {
    const { features, labels } = this.#data;
    const gains = new Float64Array(features.length);
    for (const tree of this.#trees) {
      for (const item of items) {
        const [label, nodes] = [labels[item]!, way(tree, features, item)];
        for (let depth = 1; depth < nodes.length; depth++) {
          const [above, below] = [nodes[depth - 1]!, nodes[depth]!];
          gains[above.split!.feature]! += below.shares[label]! - above.shares[label]!;
        }
      }
    }
    return gains.map((gain) => gain / (items.length * this.#trees.length));
  }
}

/** From the root to the leaf. */
function way(tree: Tree, features: readonly Float64Array[], item: number): Tree[] {
  const nodes = [tree];
  for (let at = tree; at.split; nodes.push(at)) {
    const { feature, threshold, left, right } = at.split;
    at = features[feature]![item]! <= threshold ? left : right;
  }
  return nodes;
}

/** `orders` are the node's items in the order of each feature. */
function grown(data: Labelled, leaf: number, orders: readonly Int32Array[]): Tree {
  const items = orders[0]!;
  const counts = countsOf(data, items);
  const shares = counts.map((count) => count / items.length);
  const split = counts.includes(items.length) ? undefined : bestSplit(data, leaf, orders, counts);
  if (!split) return { shares };
  const { feature, threshold } = split;
  const sides = orders.map((order) => parted(order, data.features[feature]!, split));
  const left = grown(data, leaf, sides.map(([items]) => items)); // prettier-ignore
  const right = grown(data, leaf, sides.map(([, items]) => items)); // prettier-ignore
  return { shares, split: { feature, threshold, left, right } };
}

/** Items on the left and on the right of a split, in their order. */
function parted(order: Int32Array, values: Float64Array, { threshold, lefts }: Split): [Int32Array, Int32Array] {
  const [left, right] = [new Int32Array(lefts), new Int32Array(order.length - lefts)];
  let at = 0;
  for (let i = 0; i < order.length; i++) {
    const item = order[i]!;
    if (values[item]! <= threshold) left[at++] = item;
    else right[i - at] = item;
  }
  return [left, right];
}

function countsOf({ labels, classes }: Labelled, items: Int32Array): Float64Array {
  const counts = new Float64Array(classes);
  for (const item of items) counts[labels[item]!]!++;
  return counts;
}

/** Less is what rounding makes of no gain. */
const LEAST_GAIN = 1e-9;

/** The first of the best; `undefined` where none gains. */
function bestSplit(
  data: Labelled,
  leaf: number,
  orders: readonly Int32Array[],
  counts: Float64Array,
): Split | undefined {
  let best: Split | undefined;
  orders.forEach((order, feature) => {
    const split = bestSplitOn(data, feature, leaf, order, counts);
    if (split.gain > (best?.gain ?? LEAST_GAIN)) best = split;
  });
  return best;
}

/**
 * n times the Gini impurity of n items with counts n_c is n - sum_c n_c^2 / n; the sums of squares follow the items as
 * they pass from the right side to the left.
 */
function bestSplitOn(
  { features, labels }: Labelled,
  feature: number,
  leaf: number,
  order: Int32Array,
  counts: Float64Array,
): Split {
  const values = features[feature]!;
  const [left, right] = [new Float64Array(counts.length), Float64Array.from(counts)];
  const n = order.length;
  let [leftSquares, rightSquares] = [0, counts.reduce((sum, count) => sum + count * count, 0)];
  const before = rightSquares / n;
  let [gain, threshold, lefts] = [0, -Infinity, 0];
  for (let at = 0; at < n - leaf; at++) {
    const label = labels[order[at]!]!;
    leftSquares += 2 * left[label]!++ + 1;
    rightSquares -= 2 * right[label]!-- - 1;
    const [value, next] = [values[order[at]!]!, values[order[at + 1]!]!];
    if (at + 1 < leaf || value === next) continue;
    const gained = leftSquares / (at + 1) + rightSquares / (n - at - 1) - before;
    if (gained > gain) [gain, threshold, lefts] = [gained, midway(value, next), at + 1];
  }
  return { feature, gain, threshold, lefts };
}

/** At least the lower number, and below the higher one also where no number is between them. */
function midway(lower: number, higher: number): number {
  const middle = lower + (higher - lower) / 2;
  return middle < higher ? middle : lower;
}

/** The place of each item in the order of the numbers, equal ones by place. */
function ranksOf(values: Float64Array): Int32Array {
  const order = Int32Array.from(values, (_, item) => item).sort((a, b) => values[a]! - values[b]! || a - b);
  const ranks = new Int32Array(values.length);
  order.forEach((item, rank) => (ranks[item] = rank));
  return ranks;
}

/** Items by their ranks, which typed arrays sort fast. */
function inOrder(items: Int32Array, ranks: Int32Array): Int32Array {
  const byRank = new Int32Array(ranks.length);
  ranks.forEach((rank, item) => (byRank[rank] = item));
  return items
    .map((item) => ranks[item]!)
    .sort()
    .map((rank) => byRank[rank]!);
}
