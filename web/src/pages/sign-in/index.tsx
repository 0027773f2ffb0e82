import { Page } from "@/ui/page";

export default function SignInPage() {
  return <Page title="SignIn">{null}</Page>;
}
