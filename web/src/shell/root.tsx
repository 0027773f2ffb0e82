// What lies around every page: questions of the gate, the lost connection, the new version, the shortcuts.
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useSyncExternalStore } from "react";
import { gateState, subscribe } from "@/api/gate";
import { NewVersion } from "@/shell/version";
import { text } from "@/text/en/shell";

// Loaded when they are asked for: most visits never need them.
const ConfirmAgain = lazy(() => import("@/shell/confirm-again"));
const SignInAgain = lazy(() => import("@/shell/sign-in-again"));

export function Root() {
  const { question, offline } = useSyncExternalStore(subscribe, gateState);
  return (
    <>
      {offline ? (
        <p role="status" className="sticky top-0 z-30 bg-warn-soft px-4 py-2 text-center font-medium text-warn">
          {text.offline}
        </p>
      ) : null}
      <Outlet />
      <NewVersion />
      <Suspense>
        {question === "sign-in" ? <SignInAgain /> : null}
        {question === "confirm" ? <ConfirmAgain /> : null}
      </Suspense>
    </>
  );
}
