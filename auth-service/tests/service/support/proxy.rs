//! Stands between the service and PostgreSQL, and can be in the way.

use std::net::SocketAddr;

use auth_service::Settings;
use service_runtime::testing::TestDatabase;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Nothing comes through, and nobody is told.
    Held,
    /// Connections are closed, the old ones and each new one.
    Cut,
}

pub struct Proxy {
    address: SocketAddr,
    server: String,
    way: watch::Sender<Way>,
}

impl Proxy {
    /// In front of the server of a PostgreSQL database.
    pub async fn before(database: &TestDatabase) -> Self {
        let (_, rest) = database.settings.url.split_once('@').unwrap();
        let server = rest.split_once('/').unwrap().0.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), server, way: watch::Sender::new(Way::Open) };
        tokio::spawn(accept(listener, proxy.server.clone(), proxy.way.clone()));
        proxy
    }

    /// The settings of a service that reaches its database through here.
    pub fn through(&self, mut settings: Settings) -> Settings {
        settings.database.url = settings.database.url.replace(&self.server, &self.address.to_string());
        settings
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn accept(listener: TcpListener, server: String, way: watch::Sender<Way>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (server, mut way) = (server.clone(), way.subscribe());
        tokio::spawn(async move {
            let open = way.clone().wait_for(|way| *way != Way::Held).await.map(|way| *way);
            if !matches!(open, Ok(Way::Open)) {
                return;
            }
            let server = TcpStream::connect(server).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            tokio::select! {
                () = forward(from_client, to_server, way.clone()) => {}
                () = forward(from_server, to_client, way.clone()) => {}
                _ = way.wait_for(|way| *way == Way::Cut) => {}
            }
        });
    }
}

async fn forward(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut way: watch::Receiver<Way>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if way.wait_for(|way| *way != Way::Held).await.is_err() || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
