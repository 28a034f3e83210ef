// Chance that comes again: numbers that follow from where they start.

// sfc32 by Chris Doty-Humphrey (PractRand): from three words of 32 bits, numbers between 0 and 1, and
// never 0 or 1 themselves. A counter goes in, so that no two starts share a stretch of them. In an
// array that is cut to 32 bits by itself, eight times as fast as in variables.
const sfc32 = (...start) => {
  const s = Int32Array.of(...start, 1);
  const next = () => {
    const t = (s[0] + s[1] + s[3]++) | 0;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + t;
    return ((t >>> 0) + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next(); // until the three are mixed
  return next;
};

// Normal numbers, one at each call: two from two uniform ones (Box and Muller 1958).
const normals = (random) => {
  let spare = null;
  return () => {
    if (spare !== null) {
      const second = spare;
      spare = null;
      return second;
    }
    const length = Math.sqrt(-2 * Math.log(random()));
    const angle = 2 * Math.PI * random();
    spare = length * Math.sin(angle);
    return length * Math.cos(angle);
  };
};
