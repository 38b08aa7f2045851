/**
 * The share of items whose cluster stands for their class, under the best one-to-one assignment of `count` clusters to as
 * many classes (Xie, Girshick, Farhadi 2016, equation 10), found by dynamic programming over sets of classes.
 *
 * @param count clusters and classes, at most 16
 */
export function clusterAccuracy(clusters: ArrayLike<number>, labels: ArrayLike<number>, count: number): number {
  const hits = new Int32Array(count * count);
  for (let item = 0; item < clusters.length; item++) hits[clusters[item]! * count + labels[item]!]!++;
  // best[set]: most hits when the first |set| clusters take the classes of the set.
  const best = new Int32Array(1 << count);
  for (let set = 1; set < best.length; set++) {
    const cluster = bitCount(set) - 1;
    for (let label = 0; label < count; label++) {
      if ((set & (1 << label)) === 0) continue;
      best[set] = Math.max(best[set]!, best[set ^ (1 << label)]! + hits[cluster * count + label]!);
    }
  }
  return best.at(-1)! / clusters.length;
}

function bitCount(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}
