import { Navigate, Route } from "@solidjs/router";
import { lazy } from "solid-js";
import { LoginPage } from "./LoginPage.jsx";

const SignUpPage = lazy(() => import("./SignUpPage.jsx"));
const AccountPage = lazy(() => import("./AccountPage.jsx"));
const ProfileView = lazy(() => import("./ProfileView.jsx"));
const PasswordView = lazy(() => import("./PasswordView.jsx"));
const SessionsView = lazy(() => import("./SessionsView.jsx"));
const HistoryView = lazy(() => import("./HistoryView.jsx"));
const DeletionView = lazy(() => import("./DeletionView.jsx"));

/** The addresses of what people do with their accounts. */
export function accountRoutes() {
  return (
    <>
      <Route path="/login" component={LoginPage} />
      <Route path="/signup" component={SignUpPage} />
      <Route path="/account" component={AccountPage}>
        <Route path="/" component={() => <Navigate href="/account/profile" />} />
        <Route path="/profile" component={ProfileView} />
        <Route path="/password" component={PasswordView} />
        <Route path="/sessions" component={SessionsView} />
        <Route path="/history" component={HistoryView} />
        <Route path="/delete" component={DeletionView} />
      </Route>
    </>
  );
}
