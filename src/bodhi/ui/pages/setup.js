"use strict";
// The setup code arrives in the fragment, which browsers never send to a server.
const form = document.getElementById("setup");
const done = document.getElementById("done");
const problem = document.getElementById("problem");

function showNextSteps() {
  form.hidden = true;
  done.hidden = false;
  document.getElementById("base").textContent = `${location.origin}/v1`;
}

async function start() {
  const answer = await fetch("/bodhi/v1/setup");
  const state = await answer.json();
  if (state.needed) {
    form.hidden = false;
    form.elements.code.value = new URLSearchParams(location.hash.slice(1)).get("code") ?? "";
    history.replaceState(null, "", location.pathname);
    form.elements[form.elements.code.value ? "username" : "code"].focus();
  } else {
    showNextSteps();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  const answer = await fetch("/bodhi/v1/setup", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  });
  if (answer.ok) {
    form.reset();
    showNextSteps();
  } else {
    const body = await answer.json().catch(() => null);
    problem.textContent = body?.error?.message ?? `Bodhi answered ${answer.status}.`;
  }
});

start().catch(() => { problem.textContent = "Bodhi does not answer. Is it still running?"; });
