// Signs a person in with cookies that no script can read, and this one neither: it never sees a token.

// What it asks of the service. A page of your own can take this half as it is.

let csrfToken = null;
let refreshing = null;

/** What the service answers. Where the access cookie has run out, the refresh cookie is traded for the next pair first. */
async function ask(method, path, body) {
  let answer = await send(method, path, body);
  if (answer.status === 401) {
    await refresh();
    answer = await send(method, path, body);
  }
  return read(answer);
}

/** What was refused at the same moment waits for one refresh. Another tab may do its own: it is given the same pair. */
function refresh() {
  refreshing ??= send("POST", "/auth/refresh/").then(read).finally(() => (refreshing = null));
  return refreshing;
}

async function send(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    // The browser adds the cookies to whatever any page sends us. That this page sent it, the token tells.
    csrfToken ??= (await read(await fetch("/auth/csrf/"))).csrf_token;
    headers["X-CSRFToken"] = csrfToken;
  }
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (answer.status === 403) csrfToken = null; // Its cookie may be gone. The next request asks for another.
  return answer;
}

async function read(answer) {
  const body = await answer.json().catch(() => null); // A 204 says nothing.
  if (answer.ok) return body;
  const detail = body?.detail ?? Object.values(body ?? {}).flat()[0] ?? "The service cannot answer now.";
  throw Object.assign(new Error(detail), { status: answer.status });
}

/** Every row of a list, be it in pages, as that of the devices is, or in one piece. */
async function all(path) {
  const rows = [];
  for (let page; path; path = page.next) {
    page = await ask("GET", path);
    rows.push(...(page.results ?? page));
  }
  return rows;
}

// What is seen of it.

const $ = (selector, within = document) => within.querySelector(selector);
const NAMELESS = "Without a name";
const otherTabs = new BroadcastChannel("sign-in");

/** Do `action` whenever `event` happens, and say what it returns, or why it failed. */
function on(target, event, action) {
  target.addEventListener(event, async (happened) => {
    happened.preventDefault();
    say("");
    try {
      say((await action()) ?? "");
    } catch (error) {
      const isOver = error.status === 401 && $("#signed-out").hidden;
      if (isOver) show(null);
      say(isOver ? "You are not signed in here any more." : error.message, "grave");
    }
  });
}

function say(text, tone = "") {
  $("#message").textContent = text;
  $("#message").className = tone;
}

function show(me) {
  $("#signed-out").hidden = Boolean(me);
  $("#signed-in").hidden = $("#me").hidden = !me;
  $("#me strong").textContent = me?.user ?? "";
}

/** Ask who is signed in, and show what there is for them. */
async function look() {
  const me = await ask("POST", "/auth/verify/").catch((error) => {
    if (error.status !== 401) throw error;
  });
  show(me);
  if (!me) return;
  const [tokens, tracks] = await Promise.all([all("/auth/tokens/"), all("/tracks/")]);
  const devices = tokens.filter(({ kind }) => kind === "sign-in"); // The others are for scripts.
  $("#devices").replaceChildren(...devices.map(deviceRow));
  $("#tracks").replaceChildren(...tracks.map(trackRow));
  $("#end-others").hidden = devices.length < 2;
}

function row(kind, heading, text) {
  const item = $(`#${kind}`).content.firstElementChild.cloneNode(true);
  $("p", item).textContent = text;
  call(item, heading);
  return item;
}

/** Give a row its name, and say to whoever hears the buttons one by one which row they belong to. */
function call(item, name) {
  $("h3", item).textContent = name;
  for (const button of item.querySelectorAll(".end, summary")) button.ariaLabel = `${button.textContent} ${name}`;
}

function trackRow(track) {
  return row("track", track.title, `by ${track.owner}`);
}

function deviceRow(device) {
  const path = `/auth/tokens/${device.id}/`;
  const used = device.last_used_at ?? device.created_at;
  const told = `since ${day(device.created_at)} · last used ${moment(used)}`;
  const item = row("device", device.label || NAMELESS, device.is_current ? `This device · ${told}` : told);
  item.ariaCurrent = device.is_current;
  const name = $("input", item);
  name.value = device.label;
  $(".end", item).hidden = device.is_current;

  on($("form", item), "submit", async () => {
    const { label } = await ask("PATCH", path, { label: name.value });
    call(item, label || NAMELESS);
    $("details", item).open = false;
    $("summary", item).focus();
    return "Renamed.";
  });
  on($(".end", item), "click", async () => {
    await ask("DELETE", path);
    item.remove();
    $("#of-devices").focus(); // The button that had it is gone.
    return `Ended: ${$("h3", item).textContent}.`;
  });
  return item;
}

const day = (text) => new Date(text).toLocaleDateString(undefined, { dateStyle: "medium" });
const moment = (text) => new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

on($("#log-in"), "submit", async () => {
  const { name, password, remember } = $("#log-in").elements;
  await read(
    await send("POST", "/auth/login/", {
      [name.value.includes("@") ? "email" : "username"]: name.value,
      password: password.value,
      remember: remember.checked,
      label: `Browser on ${navigator.userAgentData?.platform ?? navigator.platform}`,
      carrier: "cookie",
    }),
  );
  $("#log-in").reset();
  otherTabs.postMessage("in");
  await look();
});

on($("#log-out"), "click", async () => {
  await read(await send("POST", "/auth/logout/"));
  otherTabs.postMessage("out");
  show(null);
  return "You are signed out.";
});

on($("#end-others"), "click", async () => {
  const { ended } = await ask("POST", "/auth/tokens/revoke-others/");
  await look();
  return `Ended: ${ended}.`;
});

on($("#add-track"), "submit", async () => {
  const { title } = $("#add-track").elements;
  const track = await ask("POST", "/tracks/", { title: title.value });
  $("#tracks").append(trackRow(track));
  $("#add-track").reset();
  return `Added: ${track.title}.`;
});

on(otherTabs, "message", look);
on(window, "pageshow", look); // Also of a page that the way back has brought out of the browser's memory.
