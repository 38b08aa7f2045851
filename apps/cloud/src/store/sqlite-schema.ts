/** The tables of the embedded store. `user_version` counts the steps that a file has had; a new step is added at the end. */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE devices (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    frames INTEGER NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_received INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    model TEXT NOT NULL
  );
  CREATE TABLE frames (
    id INTEGER PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES devices (id),
    sequence INTEGER NOT NULL,
    time INTEGER NOT NULL,
    model TEXT NOT NULL,
    items INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    received INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    stream BLOB NOT NULL,
    UNIQUE (device, sequence)
  );
  CREATE INDEX frames_by_time ON frames (device, time, sequence);
  CREATE TABLE models (id TEXT NOT NULL, part TEXT NOT NULL, file BLOB NOT NULL, PRIMARY KEY (id, part));
  CREATE TABLE generations (holder TEXT PRIMARY KEY, least INTEGER NOT NULL);
  `,
];

/** What the one connection that writes does, within transactions. */
export const WRITING = {
  addDevice: `INSERT INTO devices VALUES (NULL, ?, 0, 0, 0, 0, ?, ?, 0, 0, '') ON CONFLICT (name) DO NOTHING`,
  device: `SELECT id, last_sequence AS last FROM devices WHERE name = ?`,
  addFrame: `INSERT INTO frames VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, sequence) DO NOTHING`,
  stream: `SELECT stream FROM frames WHERE device = ? AND sequence = ?`,
  countFrame: `
    UPDATE devices SET frames = frames + 1, items = items + ?, bytes = bytes + ?, raw_bytes = raw_bytes + ?,
      first_time = min(first_time, ?), last_time = max(last_time, ?), last_received = ?,
      last_sequence = max(last_sequence, ?), model = ?
    WHERE id = ?`,
  putModel: `INSERT INTO models VALUES (?, ?, ?) ON CONFLICT (id, part) DO UPDATE SET file = excluded.file`,
  revoke: `
    INSERT INTO generations VALUES (?, 1) ON CONFLICT (holder) DO UPDATE SET least = least + 1 RETURNING least`,
} as const;

export const READING = {
  devices: `SELECT * FROM devices WHERE name > ? ORDER BY name LIMIT ?`,
  device: `SELECT * FROM devices WHERE name = ?`,
  // The lengths of the streams before each frame are summed first, so that only those that are wanted are read.
  frames: `
    SELECT frames.*, devices.name FROM (
      SELECT id, sum(bytes) OVER (ORDER BY time, sequence ROWS UNBOUNDED PRECEDING) - bytes AS before FROM (
        SELECT id, time, sequence, bytes FROM frames
        WHERE device = (SELECT id FROM devices WHERE name = ?) AND time >= ? AND time < ? AND (time, sequence) > (?, ?)
        ORDER BY time, sequence LIMIT ?
      )
    ) AS found JOIN frames USING (id) JOIN devices ON devices.id = frames.device
    WHERE before < ? ORDER BY time, sequence`,
  totals: `
    SELECT count(*) AS devices, coalesce(sum(frames), 0) AS frames, coalesce(sum(items), 0) AS items,
      coalesce(sum(bytes), 0) AS bytes, coalesce(sum(raw_bytes), 0) AS raw_bytes FROM devices`,
  model: `SELECT file FROM models WHERE id = ? AND part = ?`,
  models: `SELECT id FROM models WHERE part = 'model' ORDER BY id`,
  generation: `SELECT least FROM generations WHERE holder = ?`,
} as const;
