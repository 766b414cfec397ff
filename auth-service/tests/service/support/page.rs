//! A page in a browser, as far as cookies go: it keeps what is set and sends it with every call.

use proto::auth::v1::{
    LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshTokenDelivery, RefreshTokenRequest,
    RefreshTokenResponse, SignUpRequest, SignUpResponse, Tokens, auth_service_client::AuthServiceClient,
};
use tonic::{
    Request, Response, Status,
    metadata::{Ascii, KeyAndValueRef, MetadataMap, MetadataValue},
    transport::Channel,
};

use super::{PASSWORD, Service};

pub const ORIGIN: &str = "http://127.0.0.1:8080";
const PREFIX: &str = "__Host-duet-refresh=";

#[derive(Clone)]
pub struct Page {
    client: AuthServiceClient<Channel>,
    /// Each is a header of its own.
    pub origins: Vec<&'static str>,
    /// Each is a header of its own.
    pub cookies: Vec<String>,
    /// The last `set-cookie`, whole.
    pub set: Option<String>,
}

impl Page {
    pub async fn open(service: &Service) -> Self {
        Self { client: service.auth().await, origins: vec![ORIGIN], cookies: Vec::new(), set: None }
    }

    /// A page that signed up somebody new, and the tokens.
    pub async fn of(service: &Service, email: &str) -> (Self, Tokens) {
        let mut page = Self::open(service).await;
        let tokens = page.sign_up(email).await.unwrap().tokens.unwrap();
        (page, tokens)
    }

    pub fn token(&self) -> &str {
        self.cookies[0].strip_prefix(PREFIX).unwrap()
    }

    pub fn with_token(&self, token: &str) -> Self {
        self.with_cookies(vec![format!("{PREFIX}{token}")])
    }

    pub fn with_cookies(&self, cookies: Vec<String>) -> Self {
        Self { cookies, ..self.clone() }
    }

    pub fn with_origins(&self, origins: &[&'static str]) -> Self {
        Self { origins: origins.to_vec(), ..self.clone() }
    }

    pub async fn sign_up(&mut self, email: &str) -> Result<SignUpResponse, Status> {
        let request = self.request(SignUpRequest {
            email: email.into(),
            password: PASSWORD.into(),
            refresh_token_delivery: RefreshTokenDelivery::Cookie.into(),
            ..SignUpRequest::default()
        });
        let answer = self.client.sign_up(request).await;
        self.take(answer)
    }

    pub async fn log_in(&mut self, email: &str, password: &str) -> Result<LoginResponse, Status> {
        self.log_in_by(RefreshTokenDelivery::Cookie.into(), email, password).await
    }

    pub async fn log_in_by(&mut self, delivery: i32, email: &str, password: &str) -> Result<LoginResponse, Status> {
        let (email, password) = (email.into(), password.into());
        let request = self.request(LoginRequest { email, password, refresh_token_delivery: delivery });
        let answer = self.client.login(request).await;
        self.take(answer)
    }

    pub async fn refresh(&mut self) -> Result<Tokens, Status> {
        let request = self.request(RefreshTokenRequest::default());
        let answer = self.client.refresh_token(request).await;
        self.take::<RefreshTokenResponse>(answer).map(|answer| answer.tokens.unwrap())
    }

    pub async fn log_out(&mut self, bearer: Option<&str>, refresh_token: &str) -> Result<LogoutResponse, Status> {
        let mut request = self.request(LogoutRequest { refresh_token: refresh_token.to_owned() });
        if let Some(token) = bearer {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let answer = self.client.logout(request).await;
        self.take(answer)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for origin in &self.origins {
            request.metadata_mut().append("origin", MetadataValue::from_static(origin));
        }
        for cookie in &self.cookies {
            request.metadata_mut().append("cookie", cookie.parse::<MetadataValue<Ascii>>().unwrap());
        }
        request
    }

    fn take<T>(&mut self, answer: Result<Response<T>, Status>) -> Result<T, Status> {
        let metadata = answer.as_ref().map_or_else(Status::metadata, Response::metadata);
        let set = set_cookies(metadata);
        assert!(set.len() <= 1, "{set:?}");
        self.set = set.into_iter().next();
        if let Some(set) = &self.set {
            let pair = set.split(';').next().unwrap();
            self.cookies = if pair == PREFIX { Vec::new() } else { vec![pair.to_owned()] };
        }
        answer.map(Response::into_inner)
    }
}

fn set_cookies(metadata: &MetadataMap) -> Vec<String> {
    let values = metadata.iter().filter_map(|entry| match entry {
        KeyAndValueRef::Ascii(key, value) if key == "set-cookie" => Some(value.to_str().unwrap().to_owned()),
        _ => None,
    });
    values.collect()
}
