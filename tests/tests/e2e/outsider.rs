//! gRPC by way of a plain HTTP/2 client, which adds nothing to a request and explains nothing in an answer.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::{Error, client};
use http::{HeaderMap, Request, StatusCode};
use tokio::net::TcpStream;
use tonic::Status;

pub(crate) const EMPTY_MESSAGE: [u8; 5] = [0; 5];

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) http: StatusCode,
    /// Of headers or trailers, wherever it stood.
    pub(crate) status: Option<Status>,
}

/// Sends one call on a connection of its own.
pub(crate) async fn call(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Error> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (client, connection) = client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}{path}")).header("te", "trailers");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/grpc");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (answer, mut sending) = client.ready().await?.send_request(request.body(()).expect("a request"), false)?;
    // Who is refused for the head alone may have been answered before the body is sent.
    let _ = sending.send_data(Bytes::copy_from_slice(body), true);
    let answer = read(answer.await?).await;
    connection.abort();
    answer
}

async fn read(answer: http::Response<h2::RecvStream>) -> Result<Answer, Error> {
    let (head, mut body) = answer.into_parts();
    while let Some(data) = body.data().await {
        let length = data?.len();
        body.flow_control().release_capacity(length)?;
    }
    let trailers: HeaderMap = body.trailers().await?.unwrap_or_default();
    let status = Status::from_header_map(&head.headers).or_else(|| Status::from_header_map(&trailers));
    Ok(Answer { http: head.status, status })
}
