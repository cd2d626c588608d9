import uuid
import zoneinfo
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from kasilabs.jobs.models import DueRow
from kasilabs.lib import ids
from kasilabs.lib.crypto.fields import EncryptedField
from kasilabs.lib.text import invisible


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Creates a user; without a password nobody can sign in until one is set through the reset link.

        The address counts as verified: whoever signs in was sent the link there, or got the password from its maker.
        With one verified address, allauth lets nobody move to an address they have not proved to be theirs.
        """
        user = self.model(email=email, **fields)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_or_create_user(self, email: str, **fields: Any) -> "User":
        """Returns the user with this address, who may be new. When two processes create it at once, INSERT decides."""
        email = email.lower()
        user = self.filter(email=email).first()
        if user:
            return user
        try:
            with transaction.atomic(using=self._db):
                return self.create_user(email, **fields)
        except IntegrityError:
            return self.get(email=email)


class User(AbstractBaseUser):
    """A person. The primary key is random: the password reset link shows it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=80, validators=[invisible.validate_visible])
    is_active = models.BooleanField(default=True)
    is_reviewer = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = self.email.lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class Organization(models.Model):
    """A business. Everything that belongs to one is reached from here."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    slug = models.SlugField(unique=True, max_length=48)
    name = models.CharField(max_length=80, validators=[invisible.validate_visible])
    time_zone = models.CharField(max_length=64, default="Africa/Nairobi")
    currency = models.CharField(max_length=3, default="KES", validators=[RegexValidator(r"^[A-Z]{3}\Z")])
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.ORGANIZATION, self.id)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Member(models.Model):
    """A person in an organization: a role, and single permissions beyond it or withdrawn from it."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    extra = models.JSONField(default=list, blank=True)
    withdrawn = models.JSONField(default=list, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What this member may do; a withdrawn permission wins over an extra one."""
        extra = {Permission(name) for name in self.extra}
        return (ROLE_PERMISSIONS[Role(self.role)] | extra) - {Permission(name) for name in self.withdrawn}

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def roles_to_give(self) -> list[Role]:
        """The roles this member may give, the least first: those that hold nothing this member lacks."""
        return [role for role in reversed(Role) if ROLE_PERMISSIONS[role] <= self.permissions]

    def may_change(self, other: "Member") -> bool:
        """Says whether this member may give `other` another role."""
        return self.user_id != other.user_id and other.permissions <= self.permissions

    def may_remove(self, other: "Member") -> bool:
        """Says whether this member may end the membership of `other`; everybody may end their own."""
        return other.permissions <= self.permissions


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unanswered(self) -> "InvitationQuerySet":
        return self.filter(accepted=None, revoked=None)

    def open(self) -> "InvitationQuerySet":
        """Invitations whose link still works."""
        return self.unanswered().filter(expires__gt=timezone.now())


class Invitation(models.Model):
    """A person asked by mail to join an organization. One that expired gives way to the next one for its address."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    name = models.CharField(max_length=80, validators=[invisible.validate_visible])
    role = models.CharField(max_length=16, choices=Role)
    token_mac = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    accepted = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)

    objects: ClassVar[Any] = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted=None, revoked=None),
                name="one_unanswered_invitation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"


class StoredKey(models.Model):
    """A random key the platform needs for ever (audit chain, agent keys, customer index), sealed at rest."""

    class Purpose(models.TextChoices):
        AUDIT_CHAIN = "audit_chain"
        AGENT_KEY = "agent_key"
        CHAT_TOKEN = "chat_token"
        HANDLE_INDEX = "handle_index"
        CONVERSATION_INDEX = "conversation_index"
        ALIAS = "alias"
        SECOND_FACTOR = "second_factor"
        INVITATION = "invitation"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    scope = models.CharField(max_length=40)
    purpose = models.CharField(max_length=24, choices=Purpose)
    value = EncryptedField(bound_to=("scope", "purpose"))
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "purpose"], name="one_key_per_purpose")]

    def __str__(self) -> str:
        return f"{self.scope} {self.purpose}"


class RateCounter(models.Model):
    """How often something happened in the window that ends then; see `rate_limits`, which counts."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    ends = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.ends}"


class AuditHead(models.Model):
    """The last link of a chain. Locked last in every act, so that acts wait for each other only while they commit."""

    chain = models.CharField(max_length=40, primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    mac = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.chain} {self.seq}"


class AuditEntry(models.Model):
    """One act of a person or a command. Never changed, never deleted; the MAC covers the row and the one before."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    chain = models.CharField(max_length=40)
    seq = models.PositiveBigIntegerField()
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT, related_name="audit_entries")
    actor_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=254, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField()
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="one_entry_per_link")]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq} {self.action}"


class OutgoingMail(DueRow):
    """A mail to be sent, deleted once it was: see `outbox`. It is sealed, because the links in it are keys."""

    organization = models.ForeignKey(Organization, null=True, on_delete=models.CASCADE, related_name="outgoing_mails")
    recipient = models.EmailField()
    subject = EncryptedField()
    text = EncryptedField()

    class Meta(DueRow.Meta):
        pass


class PasswordLinkRequest(DueRow):
    """Somebody asked for a link that sets a new password. Whether the address has an account is seen by a worker."""

    email = models.EmailField(max_length=320)
    device = models.CharField(max_length=32, blank=True)

    class Meta(DueRow.Meta):
        constraints = [
            *DueRow.Meta.constraints,
            models.UniqueConstraint(fields=["email", "device"], name="one_password_link_request"),
        ]


class SignInWarning(DueRow):
    """Many wrong passwords were tried for an address, the last one from `client`. A worker looks whom to tell."""

    email = models.EmailField(max_length=320, unique=True)
    client = models.CharField(max_length=64)

    class Meta(DueRow.Meta):
        pass


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> "NoticeQuerySet":
        return self.filter(read=None)


class Notice(models.Model):
    """What a person was told; `kind` and `parameters` make the sentence: see `notices`."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    organization = models.ForeignKey(Organization, null=True, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=32)
    parameters = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    read = models.DateTimeField(null=True)

    objects: ClassVar[Any] = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_by_user"),
            models.Index(fields=["user"], name="notice_unread", condition=models.Q(read=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id.hex}"


class NoticePreference(models.Model):
    """Whether a person wants a kind of notice by mail; no row means that the kind decides."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_preferences")
    kind = models.CharField(max_length=32)
    is_mailed = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_preference_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.is_mailed}"
