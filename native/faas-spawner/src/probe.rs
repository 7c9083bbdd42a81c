//! What this host can do, from trying it.

use faas_wire::Probe;

use crate::cgroup::layout::{Controller, Layout};

const OK: u8 = 0;
const MISSING: u8 = 2;

pub fn run(_rootless: bool) -> Vec<Probe> {
    let layout = Layout::detect();
    Controller::ALL
        .into_iter()
        .map(|controller| cgroup(&layout, controller))
        .collect()
}

fn cgroup(layout: &Layout, controller: Controller) -> Probe {
    let present = layout.has(controller);
    Probe {
        feature: format!("cgroup-{}", controller.name()).into(),
        level: if present { OK } else { MISSING },
        detail: if present {
            "available"
        } else {
            "no hierarchy carries it"
        }
        .into(),
        fix: if present { "" } else { "mount the controller" }.into(),
    }
}
