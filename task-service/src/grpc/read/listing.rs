//! What a listing is asked for with.

use std::str::FromStr;

use chrono_tz::Tz;
use prost::Message;
use proto::task::v1 as pb;
use tonic::Status;

use super::{faults::Faults, optional_id, page};
use crate::{
    error::Error, filter::Filter, id::TaskListId, intent::PayloadHash, listing::Listing, order::Order, page::PageSize,
};

/// What ListTasks asks for.
pub(in crate::grpc) fn list(request: &pb::ListTasksRequest) -> Result<(Listing, PageSize, Option<&str>), Status> {
    let mut faults = Faults::default();
    let page = page(request.page_size, &request.page_token, &mut faults);
    let task_list = optional_id(&request.task_list_id, "task_list_id", TaskListId::parse, &mut faults);
    let order = faults.keep("order_by", Order::parse(&request.order_by));
    let zone = faults.keep("time_zone", zone(&request.time_zone));
    let filter = filter(&request.filter, &mut faults)?;
    let (show_deleted, arguments) = (request.show_deleted, arguments(request));
    let read = || {
        let (task_list, filter, order, zone) = (task_list?, filter?, order?, zone?);
        let (size, token) = page?;
        Some((Listing { task_list, filter, order, show_deleted, zone, arguments }, size, token))
    };
    faults.none_or(read())
}

/// All that makes it this listing: whatever is asked for but the page.
fn arguments(request: &pb::ListTasksRequest) -> PayloadHash {
    let listing = pb::ListTasksRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    PayloadHash::of(&listing.encode_to_vec())
}

/// A filter has a reason of its own to be refused for, unless something else is wrong too.
fn filter(text: &str, faults: &mut Faults) -> Result<Option<Filter>, Error> {
    match Filter::parse(text) {
        Ok(filter) => Ok(Some(filter)),
        Err(error) if faults.is_empty() => Err(error.into()),
        Err(error) => {
            faults.add("filter", error.rule());
            Ok(None)
        }
    }
}

fn zone(name: &str) -> Result<Tz, &'static str> {
    match name {
        "" => Ok(Tz::UTC),
        name => Tz::from_str(name).map_err(|_unknown| "must be the IANA name of a time zone, as Europe/Vienna"),
    }
}
