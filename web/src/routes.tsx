// The whole route table. Pages are loaded when they are opened; filters and choices live in the address, as plain text.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  parseSearchWith,
  stringifySearchWith,
} from "@tanstack/react-router";
import { Frame } from "@/shell/frame";
import { NotFound } from "@/shell/not-found";
import { PageFailed } from "@/shell/page-failed";
import { Root } from "@/shell/root";

type Search<Key extends string> = { [key in Key]?: string };

/** The search parameters that a page knows; whatever else is in the address is left out. */
function known<const Key extends string>(...keys: Key[]) {
  return (given: Record<string, unknown>): Search<Key> =>
    Object.fromEntries(
      keys.filter((key) => given[key] !== undefined && given[key] !== "").map((key) => [key, String(given[key])]),
    ) as Search<Key>;
}

const usageFilters = [
  "span", "since", "until", "model", "api_model_id", "token_id", "user_id", "status", "endpoint", "error", "failed",
  "by", "sort", "live",
] as const; // biome-ignore format: a list reads better on one line.

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: PageFailed });
const frame = createRoute({ getParentRoute: () => root, id: "frame", component: Frame });

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("@/pages/setup")),
});
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: known("next"),
  component: lazyRouteComponent(() => import("@/pages/sign-in")),
});
const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  component: lazyRouteComponent(() => import("@/pages/links/invite")),
});
const passwordReset = createRoute({
  getParentRoute: () => root,
  path: "/password-reset",
  component: lazyRouteComponent(() => import("@/pages/links/password-reset")),
});
const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/home")),
});
const chat = createRoute({
  getParentRoute: () => frame,
  path: "/chat",
  validateSearch: known("chat", "model", "api_model_id"),
  component: lazyRouteComponent(() => import("@/pages/chat")),
});
const models = createRoute({
  getParentRoute: () => frame,
  path: "/models",
  validateSearch: known("q", "format", "health"),
  component: lazyRouteComponent(() => import("@/pages/models")),
});
const newApiModel = createRoute({
  getParentRoute: () => frame,
  path: "/models/api/new",
  validateSearch: known("copy", "preset", "first"),
  component: lazyRouteComponent(() => import("@/pages/models/form"), "NewApiModelPage"),
});
const editApiModel = createRoute({
  getParentRoute: () => frame,
  path: "/models/api/edit/$id",
  component: lazyRouteComponent(() => import("@/pages/models/form"), "EditApiModelPage"),
});
const tokens = createRoute({
  getParentRoute: () => frame,
  path: "/tokens",
  validateSearch: known("q", "owner", "state"),
  component: lazyRouteComponent(() => import("@/pages/tokens")),
});
const usage = createRoute({
  getParentRoute: () => frame,
  path: "/usage",
  validateSearch: known(...usageFilters),
  component: lazyRouteComponent(() => import("@/pages/usage")),
});
const request = createRoute({
  getParentRoute: () => frame,
  path: "/usage/$id",
  validateSearch: known("tab"),
  component: lazyRouteComponent(() => import("@/pages/usage/request")),
});
const audit = createRoute({
  getParentRoute: () => frame,
  path: "/audit",
  validateSearch: known("action", "user_id", "subject_id", "outcome", "via", "since", "until", "open"),
  component: lazyRouteComponent(() => import("@/pages/audit")),
});
const users = createRoute({
  getParentRoute: () => frame,
  path: "/users",
  validateSearch: known("tab", "q"),
  component: lazyRouteComponent(() => import("@/pages/users")),
});
const settings = createRoute({
  getParentRoute: () => frame,
  path: "/settings",
  validateSearch: known("q"),
  component: lazyRouteComponent(() => import("@/pages/settings")),
});
const account = createRoute({
  getParentRoute: () => frame,
  path: "/account",
  component: lazyRouteComponent(() => import("@/pages/account")),
});

const tree = root.addChildren([
  setup,
  signIn,
  invite,
  passwordReset,
  frame.addChildren([
    home,
    chat,
    models,
    newApiModel,
    editApiModel,
    tokens,
    usage,
    request,
    audit,
    users,
    settings,
    account,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: "/ui",
  trailingSlash: "always",
  defaultPreload: "intent",
  scrollRestoration: true,
  parseSearch: parseSearchWith((value) => value),
  stringifySearch: stringifySearchWith(String),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
