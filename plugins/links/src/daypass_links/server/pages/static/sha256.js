// SHA-256 (FIPS 180-4) of a file, read piece by piece in a worker: Web Crypto wants all of it in memory at once.
"use strict";

const PIECE = 1 << 20;
const K = new Uint32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const state = new Uint32Array(8);
const words = new Uint32Array(64);

function blocks(bytes, count) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, count * 64);
  for (let at = 0; at < count * 64; at += 64) {
    for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const x = words[i - 15], y = words[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
    }
    let a = state[0] | 0, b = state[1] | 0, c = state[2] | 0, d = state[3] | 0;
    let e = state[4] | 0, f = state[5] | 0, g = state[6] | 0, h = state[7] | 0;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0;
      d = c; c = b; b = a; a = (one + two) | 0;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d;
    state[4] += e; state[5] += f; state[6] += g; state[7] += h;
  }
}

// What is not a whole block yet.
const rest = new Uint8Array(64);
let have = 0;

function take(piece) {
  let from = 0;
  if (have) {
    from = Math.min(64 - have, piece.length);
    rest.set(piece.subarray(0, from), have);
    have += from;
    if (have < 64) return;
    blocks(rest, 1);
  }
  const count = Math.floor((piece.length - from) / 64);
  blocks(piece.subarray(from), count);
  const over = piece.subarray(from + count * 64);
  rest.set(over);
  have = over.length;
}

async function read(file) {
  let reader;
  try {
    reader = file.stream().getReader({ mode: "byob" });
  } catch {  // of a browser that reads files into new memory only
    for (let first = 0; first < file.size; first += PIECE) {
      take(new Uint8Array(await file.slice(first, first + PIECE).arrayBuffer()));
    }
    return;
  }
  // One buffer goes to the reader and comes back, so that there is nothing to collect.
  let buffer = new ArrayBuffer(PIECE);
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) return;
    take(value);
    buffer = value.buffer;
  }
}

async function digest(file) {
  state.set([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]);
  have = 0;
  await read(file);
  const end = new Uint8Array(have < 56 ? 64 : 128);
  end.set(rest.subarray(0, have));
  end[have] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(file.size) * 8n);
  blocks(end, end.length / 64);
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

// One file after the other, each named by a number.
let queue = Promise.resolve();
addEventListener("message", ({ data: { id, file } }) => {
  queue = queue.then(async () => {
    try {
      postMessage({ id, sha256: await digest(file) });
    } catch {
      postMessage({ id, sha256: null });
    }
  });
});
