"""The domain's errors: what can be wrong with a picture, a request or a model, in our words."""


class LimnError(Exception):
    """Base of every error that Limn raises on purpose; its text may be shown to a client."""


class ImageError(LimnError):
    """The bytes sent cannot be used as a picture."""


class EmptyImage(ImageError):
    """There are no bytes."""


class UnsupportedImage(ImageError):
    """The bytes are not a picture in a format that is accepted."""


class CorruptImage(ImageError):
    """The header is right, but the picture behind it is broken or cut off."""


class ImageTooLarge(ImageError):
    """The header promises more pixels, or a longer side, than the limit."""


class UnsuitableImage(ImageError):
    """The header promises a picture too long for its width, or more frames than the limit."""


class InvalidParameter(LimnError):
    """A setting of a request is outside what is allowed.

    Attributes:
        field: name of the setting as the client wrote it.
        message: what is wrong with it, without the name.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class ContractError(LimnError):
    """A model and its contract do not fit together, or one of them is missing."""


class DeviceUnavailable(LimnError):
    """The device that is asked for is not on this machine."""


class PromotionError(LimnError):
    """A version cannot be the one that is served."""
