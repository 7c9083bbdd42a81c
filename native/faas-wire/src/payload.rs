use std::fmt;

use crate::WireError;

/// A `str` of the protocol: text by intent, carried byte for byte.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(pub Vec<u8>);

impl std::ops::Deref for Text {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Text {
    /// The text as UTF-8; `None` when it isn't.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// Appends fields to a payload.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A length-prefixed run of bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.raw(&(bytes.len() as u32).to_be_bytes());
        self.raw(bytes);
    }
}

/// Takes fields off a payload.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// # Errors
    /// When fewer than `N` bytes are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// A length-prefixed run of bytes.
    ///
    /// # Errors
    /// When fewer bytes are left than the length says.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let (head, rest) = self.rest.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
}

/// A type that can be a field of a payload.
pub trait Field: Sized {
    /// The fewest bytes a value takes: bounds the count of a list before anything is allocated for it.
    const MIN_LEN: usize;
    fn put(&self, writer: &mut Writer<'_>);
    /// # Errors
    /// When the payload does not hold such a value.
    fn get(reader: &mut Reader<'_>) -> Result<Self, WireError>;
    /// Appends the value in the notation of `native/vectors/frames.txt`.
    fn words(&self, out: &mut String);
}

macro_rules! integer_fields {
    ($($type:ty),*) => {$(
        impl Field for $type {
            const MIN_LEN: usize = size_of::<$type>();
            fn put(&self, writer: &mut Writer<'_>) {
                writer.raw(&self.to_be_bytes());
            }
            fn get(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                Ok(<$type>::from_be_bytes(reader.array()?))
            }
            fn words(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }
        }
    )*};
}

integer_fields!(u8, u16, u32, u64, i32);

impl Field for bool {
    const MIN_LEN: usize = 1;
    fn put(&self, writer: &mut Writer<'_>) {
        writer.raw(&[u8::from(*self)]);
    }
    fn get(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        match reader.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(WireError::BadBool(other)),
        }
    }
    fn words(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Field for Text {
    const MIN_LEN: usize = 4;
    fn put(&self, writer: &mut Writer<'_>) {
        writer.bytes(&self.0);
    }
    fn get(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self(reader.bytes()?.to_vec()))
    }
    fn words(&self, out: &mut String) {
        crate::words::text(out, &self.0);
    }
}

impl<T: Field> Field for Vec<T> {
    const MIN_LEN: usize = 4;
    fn put(&self, writer: &mut Writer<'_>) {
        writer.raw(&(self.len() as u32).to_be_bytes());
        for item in self {
            item.put(writer);
        }
    }
    fn get(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let count = u32::get(reader)? as usize;
        if count > reader.remaining() / T::MIN_LEN {
            return Err(WireError::BadCount);
        }
        (0..count).map(|_| T::get(reader)).collect()
    }
    fn words(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.words(out);
        }
        out.push(']');
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    const MIN_LEN: usize = A::MIN_LEN + B::MIN_LEN;
    fn put(&self, writer: &mut Writer<'_>) {
        self.0.put(writer);
        self.1.put(writer);
    }
    fn get(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok((A::get(reader)?, B::get(reader)?))
    }
    fn words(&self, out: &mut String) {
        out.push('(');
        self.0.words(out);
        out.push(',');
        self.1.words(out);
        out.push(')');
    }
}
