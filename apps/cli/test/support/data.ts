/** Trains in well under a second: 300 drawn digits, 784-16-3. */
export const SMALL: readonly string[] = [
  ..."--data synthetic --limit 300 --hidden 16 --latent 3 --epochs 1".split(" "),
];

/** The first items of the drawn test set, for commands that read data. */
export const DIGITS: readonly string[] = ["--data", "synthetic"];
