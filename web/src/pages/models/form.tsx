import { Page } from "@/ui/page";

export function NewApiModelPage() {
  return <Page title="New API model">{null}</Page>;
}

export function EditApiModelPage() {
  return <Page title="Edit API model">{null}</Page>;
}
