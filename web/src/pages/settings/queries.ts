// What the settings page asks the API for.
import { queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "@/api/client";

export type Setting = Schemas["SettingShown"];
export type CapturePolicyShown = Schemas["CapturePolicyShown"];

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: () => call(api.GET("/bodhi/v1/settings")),
});

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: () => call(api.GET("/bodhi/v1/keys")),
});
