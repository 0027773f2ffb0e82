import { Page } from "@/ui/page";

export default function RequestPage() {
  return <Page title="Request">{null}</Page>;
}
