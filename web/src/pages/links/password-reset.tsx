import { Page } from "@/ui/page";

export default function PasswordResetPage() {
  return <Page title="PasswordReset">{null}</Page>;
}
