use crate::{INITIAL_WINDOW, WireError};

/// What this side may still send of one data type on one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendWindow {
    available: u32,
}

impl Default for SendWindow {
    fn default() -> Self {
        Self {
            available: INITIAL_WINDOW,
        }
    }
}

impl SendWindow {
    #[must_use]
    pub fn available(&self) -> usize {
        self.available as usize
    }

    /// Takes `count` bytes out of the window.
    ///
    /// # Errors
    /// When the window is smaller; nothing is taken then.
    pub fn take(&mut self, count: usize) -> Result<(), WireError> {
        let count = u32::try_from(count).map_err(|_| WireError::Window)?;
        self.available = self.available.checked_sub(count).ok_or(WireError::Window)?;
        Ok(())
    }

    /// Returns credit from the receiver.
    ///
    /// # Errors
    /// When the receiver returns more than was sent.
    pub fn credit(&mut self, count: u32) -> Result<(), WireError> {
        match self.available.checked_add(count) {
            Some(sum) if sum <= INITIAL_WINDOW => {
                self.available = sum;
                Ok(())
            }
            _ => Err(WireError::Window),
        }
    }
}

/// What the other side may still send of one data type on one stream, and the credit owed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveWindow {
    available: u32,
    consumed: u32,
}

impl Default for ReceiveWindow {
    fn default() -> Self {
        Self {
            available: INITIAL_WINDOW,
            consumed: 0,
        }
    }
}

impl ReceiveWindow {
    /// Credit is returned in pieces of at least this size, so that small writes don't double the frames.
    pub const CREDIT_STEP: u32 = INITIAL_WINDOW / 4;

    /// Books received data.
    ///
    /// # Errors
    /// When the sender exceeds its window.
    pub fn received(&mut self, count: usize) -> Result<(), WireError> {
        let count = u32::try_from(count).map_err(|_| WireError::Window)?;
        self.available = self.available.checked_sub(count).ok_or(WireError::Window)?;
        Ok(())
    }

    /// Books data that the reader took, and answers the credit to send now, if any.
    pub fn consumed(&mut self, count: usize) -> Option<u32> {
        let outstanding = INITIAL_WINDOW - self.available;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.consumed = self.consumed.saturating_add(count).min(outstanding);
        if self.consumed < Self::CREDIT_STEP {
            return None;
        }
        let credit = std::mem::take(&mut self.consumed);
        self.available += credit;
        Some(credit)
    }
}
