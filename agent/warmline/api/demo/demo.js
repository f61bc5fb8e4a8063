// One voice session in a page. The protocol is docs/integrate/sessions.md; the key stays in its field and goes into `open` alone.

import {Player, header} from "/demo/audio.js";

const RETRY_MS = [0, 250, 500, 1000, 2000, 4000, 8000];
const FINAL_CODE = 4000;
const TOKEN = "warmline-token";

const element = Object.fromEntries([...document.querySelectorAll("[id]")].map((found) => [found.id, found]));
const player = new Player();

let socket = null;
let retries = 0;
let closing = false;
let rate = 0;
let heard = null;
let askedAt = 0;
let turns = new Map();

// -- what is shown

function show(state, text) {
  element.status.dataset.state = state;
  element.status.textContent = text;
  const open = state === "open";
  for (const id of ["text", "say", "interrupt", "drop", "close"]) element[id].disabled = !open;
  for (const id of ["key", "agent", "open"]) element[id].disabled = open || state === "waiting";
  element.resume.hidden = open || state === "waiting" || !sessionStorage.getItem(TOKEN);
}

function line(kind, words) {
  const item = element.turn.content.cloneNode(true).firstElementChild;
  item.classList.add(...kind.split(" "));
  item.querySelector(".words").textContent = words;
  element.log.append(item);
  item.scrollIntoView({block: "end"});
  return item;
}

function agentTurn(number, words) {
  const item = line("agent", words);
  turns.set(number, {item, sent: 0});
  return item;
}

function measure(item, name, value, layer) {
  const group = document.createElement("div");
  const term = document.createElement("dt");
  const detail = document.createElement("dd");
  term.textContent = name;
  detail.textContent = value;
  if (layer) {
    const badge = document.createElement("span");
    badge.className = "layer";
    badge.dataset.layer = layer;
    badge.textContent = layer;
    detail.prepend(badge, " ");
  } else {
    group.className = "first";
  }
  group.append(term, detail);
  item.querySelector(".lookups").append(group);
}

function measures(item, lookups) {
  for (const [name, {layer, ms}] of Object.entries(lookups)) measure(item, name, `${ms} ms`, layer);
}

/** Samples of a turn that have sounded. */
function sounded(turn) {
  return turn.silenced ?? Math.max(0, turn.sent - (turn === newest() ? player.waiting * rate : 0));
}

function newest() {
  return [...turns.values()].at(-1);
}

function silence() {
  const turn = newest();
  if (turn) turn.silenced = sounded(turn);
  player.stop();
}

function showHeard() {
  for (const turn of turns.values()) {
    const shown = turn.sent ? `${(sounded(turn) / rate).toFixed(1)} s heard` : "";
    const place = turn.item.querySelector(".heard");
    if (place.textContent !== shown) place.textContent = shown;
  }
  requestAnimationFrame(showHeard);
}

// -- what the worker says

const heardOf = {
  opened(message) {
    welcome(message, `${message.name} is on the line`);
  },
  resumed(message) {
    welcome(message, `The session goes on, in turn ${message.turn}`);
    if (!element.log.querySelector(".agent")) {
      for (const {who, text} of message.history) line(who, text);
    }
    const item = [...element.log.querySelectorAll(".agent")].at(-1);
    turns.set(message.turn, {sent: 0, item, ...turns.get(message.turn), silenced: undefined});
  },
  greeting(message) {
    measures(agentTurn(message.turn, message.text), message.lookups);
  },
  answer(message) {
    measures(agentTurn(message.turn, message.text), message.lookups);
  },
  "audio-begin"(message) {
    measures(turns.get(message.turn).item, message.lookups);
  },
  interrupted(message) {
    const turn = turns.get(message.turn);
    if (turn === newest()) silence();
    turn?.item.classList.add("interrupted");
  },
  error(message) {
    line("note failed", message.field ? `${message.field}: ${message.message}` : message.message);
  },
  "going-away"() {
    line("note", "This worker is stopping; another goes on.");
  },
};

function welcome(message, words) {
  retries = 0;
  rate = player.rate = message.sample_rate;
  if (message.resumable) sessionStorage.setItem(TOKEN, message.token);
  else sessionStorage.removeItem(TOKEN);
  show("open", `${message.name} on ${message.slot}${message.resumable ? "" : ", not resumable"}`);
  line("note", words);
  element.text.focus();
}

function hear(frame) {
  const {turn: number, first, samples} = header(frame);
  const turn = turns.get(number);
  if (turn.silenced !== undefined) return; // sent before the worker knew
  player.play(frame);
  heard = {turn: number, samples: first + samples};
  if (askedAt) {
    measure(turn.item, "first audio", `${(performance.now() - askedAt).toFixed(1)} ms`);
    askedAt = 0;
  }
  turn.sent = heard.samples;
}

// -- the connection

function connect(opening) {
  show("waiting", "Connecting …");
  closing = false;
  socket = new WebSocket(new URL("/v1/sessions", location.href.replace(/^http/, "ws")));
  socket.binaryType = "arraybuffer";
  socket.onopen = () => send({...opening, type: "open", key: element.key.value});
  socket.onmessage = ({data}) => {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      heardOf[message.type]?.(message);
    } else {
      hear(data);
    }
  };
  socket.onclose = ({code, reason}) => ended(code, reason);
}

function send(message) {
  if (message.type === "open" || message.type === "say") askedAt = performance.now();
  socket.send(JSON.stringify(message));
}

function ended(code, reason) {
  const token = sessionStorage.getItem(TOKEN);
  if (closing || code === 1000 || code >= FINAL_CODE || !token || retries === RETRY_MS.length) {
    if (code === 1000 || code === 4404) sessionStorage.removeItem(TOKEN);
    show(code >= FINAL_CODE ? "failed" : "closed", closing ? "Connection dropped" : reason || "Connection lost");
    return;
  }
  show("waiting", "Connection lost; resuming …");
  setTimeout(() => connect({resume: token, ...heard}), RETRY_MS[retries++]);
}

function fresh() {
  sessionStorage.removeItem(TOKEN);
  player.stop();
  element.log.replaceChildren();
  turns = new Map();
  heard = null;
}

element.connect.onsubmit = async (event) => {
  event.preventDefault();
  await player.unlock();
  fresh();
  connect({agent: element.agent.value});
};

element.resume.onclick = async () => {
  if (!element.key.reportValidity()) return;
  await player.unlock();
  connect({resume: sessionStorage.getItem(TOKEN), ...heard});
};

element.talk.onsubmit = (event) => {
  event.preventDefault();
  const text = element.text.value.trim();
  if (!text) return;
  silence();
  line("caller", text);
  send({type: "say", text});
  element.text.value = "";
};

element.interrupt.onclick = () => {
  silence();
  send({type: "interrupt"});
};

element.drop.onclick = () => {
  closing = true;
  silence();
  if (heard) heard.samples = Math.round(sounded(turns.get(heard.turn)));
  socket.close();
};

element.close.onclick = () => send({type: "close"});

show("closed", "No session");
requestAnimationFrame(showHeard);
