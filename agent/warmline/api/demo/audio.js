// What is heard: frames of s16le PCM, played one behind the other through Web Audio.

const HEADER_BYTES = 8;

/** Turn, first sample and samples of a frame. */
export function header(frame) {
  const view = new DataView(frame);
  const samples = (frame.byteLength - HEADER_BYTES) / 2;
  return {turn: view.getUint32(0, true), first: view.getUint32(4, true), samples};
}

export class Player {
  #context = null;
  #playing = new Set();
  #rate = 0;
  #until = 0;

  /** Call it from a click: browsers let nothing sound before one. */
  unlock() {
    this.#context ??= new AudioContext();
    return this.#context.resume();
  }

  set rate(hertz) {
    this.#rate = hertz;
  }

  /** Queue a frame to sound right behind the last. */
  play(frame) {
    const samples = new Int16Array(frame, HEADER_BYTES);
    const buffer = this.#context.createBuffer(1, samples.length, this.#rate);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
    this.#queue(buffer);
  }

  /** Silence, at once. */
  stop() {
    for (const source of this.#playing) source.stop();
    this.#playing.clear();
    this.#until = 0;
  }

  /** Seconds of what was queued that have not sounded yet. */
  get waiting() {
    return this.#context ? Math.max(0, this.#until - this.#context.currentTime) : 0;
  }

  #queue(buffer) {
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    source.onended = () => this.#playing.delete(source);
    this.#until = Math.max(this.#until, this.#context.currentTime);
    source.start(this.#until);
    this.#until += buffer.duration;
    this.#playing.add(source);
  }
}
